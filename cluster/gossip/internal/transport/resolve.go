package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

func resolveHost(ctx context.Context, host string) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip.Unmap()}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	for i, ip := range ips {
		ips[i] = ip.Unmap()
	}
	return ips[:min(len(ips), 16)], nil // a name may stand for any number
}

// Resolve returns the addresses, IP:PORT, that HOST:PORT stands for.
func Resolve(ctx context.Context, address string) ([]string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	ips, err := resolveHost(ctx, host)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, ip := range ips {
		list = append(list, net.JoinHostPort(ip.String(), port))
	}
	return list, nil
}

// ownIP returns an address to listen on or to tell others. what says which, in errors.
func ownIP(ctx context.Context, what, host string) (netip.Addr, error) {
	ips, err := resolveHost(ctx, host)
	if err == nil && len(ips) == 0 {
		err = errors.New("it has no addresses")
	}
	if err != nil {
		return netip.Addr{}, fmt.Errorf("gossip: the address to %s, %q, cannot be resolved: give an IP address, or a name that has one: %w", what, host, err)
	}
	for _, ip := range ips {
		if ip.Is4() { // in every network of today
			return ip, nil
		}
	}
	return ips[0], nil
}
