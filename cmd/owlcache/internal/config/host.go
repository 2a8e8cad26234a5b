package config

import (
	"errors"
	"net"
	"strconv"
	"strings"
	"unicode"
)

// checkHost accepts IP addresses, IPv6 ones with or without brackets, and host
// names. A port does not belong there.
func checkHost(s string) error {
	if net.ParseIP(BareHost(s)) != nil {
		return nil
	}
	if strings.HasPrefix(s, ".") || strings.Contains(s, "..") {
		return errors.New("want an IP address or a host name, without empty parts")
	}
	if strings.Trim(s, "0123456789.") == "" { // no name has only these
		return errors.New("want an IP address of four numbers from 0 to 255, or a host name")
	}
	if len(s) > 253 {
		return errors.New("want an IP address or a host name of at most 253 characters")
	}
	for _, r := range s {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_' {
			continue
		}
		return errors.New("want an IP address or a host name, without a port")
	}
	return nil
}

// HostPort is a host and a port, 0 if none is given.
type HostPort struct {
	Host string // without brackets
	Port int
}

// parseHostPort takes HOST or HOST:PORT apart.
func parseHostPort(s string) (HostPort, error) {
	if checkHost(s) == nil {
		return HostPort{Host: BareHost(s)}, nil
	}
	hostname, digits, err := net.SplitHostPort(s)
	if err == nil {
		err = checkHost(hostname)
	}
	n, numErr := strconv.ParseUint(digits, 10, 16)
	if err != nil || numErr != nil || n == 0 {
		return HostPort{}, errors.New("want HOST or HOST:PORT, like 203.0.113.7 or node.example:7946, with an IPv6 address in brackets")
	}
	return HostPort{hostname, int(n)}, nil
}

func checkHosts(list []string) error {
	for _, h := range list {
		if h != "*" && checkHost(h) != nil {
			return errors.New("want host names separated by commas or spaces, without ports, or *")
		}
	}
	return nil
}

func splitWords(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
}

func splitBars(s string) []string {
	list := strings.Split(s, "|")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}

func checkServer(s string) error {
	if at, err := parseHostPort(s); err != nil || at.Port == 0 {
		return errors.New("want HOST:PORT, like 10.0.0.7:6379, with an IPv6 address in brackets")
	}
	return nil
}

func checkServers(list []string) error {
	for _, server := range list {
		if checkServer(server) != nil {
			return errors.New("want HOST:PORT separated by |, like 10.0.0.5:11211|10.0.0.6:11211, with IPv6 addresses in brackets")
		}
	}
	return nil
}

// BareHost takes the brackets off an IPv6 address.
func BareHost(s string) string {
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		return s[1 : len(s)-1]
	}
	return s
}

// IsLoopback tells whether a host reaches this machine only.
func IsLoopback(hostname string) bool {
	ip := net.ParseIP(hostname)
	return hostname == "localhost" || ip != nil && ip.IsLoopback()
}
