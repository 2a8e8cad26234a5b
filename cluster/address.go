package cluster

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// ErrAddress is returned, with the reason, for what is no HOST:PORT.
var ErrAddress = errors.New("address")

// Bounds of DNS names, in bytes.
const (
	maxName  = 253
	maxLabel = 63
)

// ParseAddress checks HOST:PORT and returns it as lists have it: IPv6 in brackets and
// in its shortest form, IPv4 that is written as IPv6 as IPv4, names in lower case and
// without a final dot, the port without leading zeros.
func ParseAddress(s string) (string, error) {
	a, err := parseAddress(s)
	if err == nil {
		return a, nil
	}
	// A text with other characters may be a URL, and with it a password or a token.
	if s != "" && len(s) <= maxName+len(":65535") && !strings.ContainsFunc(s, foreignRune) {
		return "", fmt.Errorf("%w %q: %w", ErrAddress, s, err)
	}
	return "", fmt.Errorf("%w: %w", ErrAddress, err)
}

// foreignRune tells whether r can be in no address.
func foreignRune(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune(".-_:[]", r)
}

const wantAddress = "want HOST:PORT, like 10.0.0.5:7721, node.example:7721 or [2001:db8::5]:7721"

func parseAddress(s string) (string, error) {
	switch i := strings.IndexFunc(s, foreignRune); {
	case s == "":
		return "", errors.New("it is empty: " + wantAddress)
	case strings.Contains(s, "://"):
		return "", errors.New("leave out what is in front of the host: " + wantAddress)
	case i >= 0:
		return "", fmt.Errorf("there is %q in it: %s", []rune(s[i:])[0], wantAddress)
	}
	colon := strings.LastIndexByte(s, ':')
	if colon < 0 || s[len(s)-1] == ']' {
		return "", errors.New("there is no port: " + wantAddress)
	}
	port, err := parsePort(s[colon+1:])
	if err != nil {
		return "", err
	}
	host, err := parseHost(s[:colon])
	if err != nil {
		return "", err
	}
	return net.JoinHostPort(host, port), nil
}

func parsePort(s string) (string, error) {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n == 0 {
		return "", errors.New("the port must be a number from 1 to 65535")
	}
	return strconv.FormatUint(n, 10), nil
}

func parseHost(s string) (string, error) {
	if inner, ok := strings.CutPrefix(s, "["); ok {
		ip, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		if err != nil || !strings.HasSuffix(inner, "]") || !ip.Is6() {
			return "", errors.New("there is no IPv6 address in the brackets")
		}
		return ip.Unmap().String(), nil
	}
	if strings.ContainsRune(s, ':') {
		return "", errors.New("an IPv6 address needs brackets: [2001:db8::5]:7721")
	}
	if ip, err := netip.ParseAddr(s); err == nil {
		return ip.String(), nil
	}
	return parseName(s)
}

// parseName checks a DNS name. Containers have underscores in theirs.
func parseName(s string) (string, error) {
	name := strings.ToLower(strings.TrimSuffix(s, "."))
	if name == "" {
		return "", errors.New("there is no host: " + wantAddress)
	}
	if len(name) > maxName {
		return "", fmt.Errorf("the host has more than %d characters", maxName)
	}
	last := ""
	for label := range strings.SplitSeq(name, ".") {
		switch {
		case label == "":
			return "", errors.New("the host has an empty part")
		case len(label) > maxLabel:
			return "", fmt.Errorf("a part of the host has more than %d characters", maxLabel)
		case label[0] == '-' || label[len(label)-1] == '-':
			return "", errors.New("no part of a host begins or ends with -")
		case strings.ContainsAny(label, "[]"):
			return "", errors.New("brackets are for IPv6 addresses: " + wantAddress)
		}
		last = label
	}
	if strings.Trim(last, "0123456789") == "" {
		return "", errors.New("an IPv4 address has four numbers from 0 to 255, without leading zeros")
	}
	return name, nil
}
