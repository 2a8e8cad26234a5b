package urlcache

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

const maxAddrs = 8

// Returned for a connection that is not opened.
var (
	errNotConfigured = errors.New("no site has this host and port")
	errNoAddress     = errors.New("the name has no address that may be used: link-local, multicast, unspecified and metadata addresses may not, unless the site names the address itself")
)

type network struct {
	lookup  func(ctx context.Context, host string) ([]netip.Addr, error)
	connect func(ctx context.Context, addr netip.AddrPort) (net.Conn, error)
}

func systemNetwork() network {
	var d net.Dialer
	return network{
		lookup: func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		},
		connect: func(ctx context.Context, addr netip.AddrPort) (net.Conn, error) {
			return d.DialContext(ctx, "tcp", addr.String())
		},
	}
}

// dialer connects to the configured hosts and ports, and to no others, whoever asks. A transport goes on
// connecting when the request has ended; so a dialer has its own time limit, and an end.
type dialer struct {
	network
	allowed map[string]struct{} // host:port
	timeout time.Duration
	running context.Context // when it ends, everything that was opened is closed
	begin   func() bool     // false: nothing may begin any more
	end     func()
}

func (d *dialer) dial(ctx context.Context, _, addr string) (net.Conn, error) {
	if !d.begin() {
		return nil, context.Canceled
	}
	defer d.end()
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	release := context.AfterFunc(d.running, cancel)
	defer release()
	conn, err := d.open(ctx, strings.ToLower(addr))
	if err != nil {
		return nil, err
	}
	return &openConn{Conn: conn, forget: context.AfterFunc(d.running, func() { _ = conn.Close() })}, nil
}

type openConn struct {
	net.Conn
	forget func() bool
}

func (c *openConn) Close() error {
	c.forget()
	return c.Conn.Close()
}

func (d *dialer) open(ctx context.Context, addr string) (net.Conn, error) {
	if _, ok := d.allowed[addr]; !ok {
		return nil, errNotConfigured
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("address of the origin: %w", err)
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return d.connect(ctx, netip.AddrPortFrom(ip, uint16(n)))
	}
	addrs, err := d.lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	return d.connectAny(ctx, usableAddrs(addrs), uint16(n))
}

// connectAny tries addresses in turn; each gets an equal part of the time that is left.
func (d *dialer) connectAny(ctx context.Context, addrs []netip.Addr, port uint16) (net.Conn, error) {
	errs := []error{errNoAddress}
	for i, ip := range addrs {
		part, cancel := ctx, context.CancelFunc(func() {})
		if end, ok := ctx.Deadline(); ok {
			part, cancel = context.WithTimeout(ctx, time.Until(end)/time.Duration(len(addrs)-i))
		}
		conn, err := d.connect(part, netip.AddrPortFrom(ip, port))
		cancel()
		if err == nil {
			return conn, nil
		}
		if errs = append(errs[:i], err); ctx.Err() != nil {
			break
		}
	}
	return nil, errors.Join(errs...)
}

func usableAddrs(addrs []netip.Addr) []netip.Addr {
	var usable []netip.Addr
	for _, ip := range addrs {
		if ip = ip.Unmap(); mayResolveTo(ip) && len(usable) < maxAddrs {
			usable = append(usable, ip)
		}
	}
	return usable
}

// Private and loopback addresses are usual for origins. The others are no hosts, or services of a cloud
// that give secrets to whoever asks from this machine: nobody means these who configures a name.
func mayResolveTo(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	if !isHost(ip) || isGuarded(ip) {
		return false
	}
	for _, v4 := range translated(ip) {
		if isGuarded(v4) {
			return false
		}
	}
	if v4, ok := embedded(ip); ok {
		return isHost(v4) && !isGuarded(v4)
	}
	return true
}

func isHost(ip netip.Addr) bool {
	if !ip.IsValid() || ip.IsUnspecified() || ip.IsMulticast() || ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return false
	}
	return !ip.Is4() || ip.As4()[0] != 0 // this network: 0.x.y.z reaches this machine on some systems
}

// isGuarded tells whether ip may be that of a service that trusts whoever asks.
func isGuarded(ip netip.Addr) bool {
	if ip.IsLinkLocalUnicast() {
		return true
	}
	switch ip.String() {
	case "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::23", "fd00:ec2::254", "fd00:42::42", "fd20:ce::254":
		return true
	}
	return false
}

// embedded returns the IPv4 address that an IPv6 address stands for: NAT64 (64:ff9b::/96),
// SIIT (::ffff:0:0:0/96), 6to4 (2002::/16), IPv4-compatible (::/96).
func embedded(ip netip.Addr) (v4 netip.Addr, ok bool) {
	if !ip.Is6() {
		return ip, false
	}
	for _, form := range [...]struct {
		prefix string
		at     int // byte at which the IPv4 address begins
	}{{"64:ff9b::/96", 12}, {"::ffff:0:0:0/96", 12}, {"2002::/16", 2}, {"::/96", 12}} {
		if netip.MustParsePrefix(form.prefix).Contains(ip) && !ip.IsLoopback() {
			b := ip.As16()
			return netip.AddrFrom4([4]byte(b[form.at : form.at+4])), true
		}
	}
	return ip, false
}

// translated returns the IPv4 addresses that an address for local translation (64:ff9b:1::/48, RFC 8215)
// may stand for: how long the prefix is (RFC 6052) is the network's own affair.
func translated(ip netip.Addr) []netip.Addr {
	if !netip.MustParsePrefix("64:ff9b:1::/48").Contains(ip) {
		return nil
	}
	b := ip.As16()
	return []netip.Addr{ // byte 8 is left out
		netip.AddrFrom4([4]byte{b[6], b[7], b[9], b[10]}),  // /48
		netip.AddrFrom4([4]byte{b[7], b[9], b[10], b[11]}), // /56
		netip.AddrFrom4([4]byte(b[9:13])),                  // /64
		netip.AddrFrom4([4]byte(b[12:16])),                 // /96
	}
}
