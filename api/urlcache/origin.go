package urlcache

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Returned for a <host> or <proxy> that is none.
var (
	errHostURL     = errors.New("want a URL like http://127.0.0.1:8000 or https://origin.example/path")
	errHostScheme  = errors.New("want http:// or https://")
	errHostUser    = errors.New("a user or password does not belong here: name Authorization in <header>, or let a proxy add it")
	errHostQuery   = errors.New("want a URL without ? and #")
	errHostPath    = errors.New("the path must have no . or .. between slashes, no backslash and no encoded slash")
	errHostName    = errors.New("want a host name in ASCII, or an IP address (IPv4 as four decimal numbers, IPv6 in brackets)")
	errHostPort    = errors.New("want a port from 1 to 65535")
	errProxyFormat = errors.New("want HOST:PORT of an HTTP proxy, without http://")
)

func parseHost(s string) (o Origin, prefix string, err error) {
	if strings.ContainsAny(s, "?#") {
		return o, "", errHostQuery
	}
	u, err := url.Parse(s)
	switch {
	case err != nil, u.Opaque != "", u.Scheme == "":
		return o, "", errHostURL // the parser's error quotes the URL, which may hold a password
	case u.Scheme != "http" && u.Scheme != "https":
		return o, "", errHostScheme
	case u.User != nil:
		return o, "", errHostUser
	}
	if o, err = originOf(u); err != nil {
		return o, "", err
	}
	if prefix, err = encodePath(u.EscapedPath()); err != nil {
		return o, "", errHostPath
	}
	return o, strings.TrimRight(prefix, "/"), nil
}

func originOf(u *url.URL) (Origin, error) {
	o := Origin{Scheme: u.Scheme, Host: strings.ToLower(u.Hostname()), Port: u.Port()}
	if o.Port == "" {
		o.Port = defaultPort(o.Scheme)
		if strings.HasSuffix(u.Host, ":") {
			return Origin{}, errHostPort
		}
	}
	if !isPort(o.Port) {
		return Origin{}, errHostPort
	}
	if ip, err := netip.ParseAddr(o.Host); err == nil {
		if ip.Is6() != strings.HasPrefix(u.Host, "[") {
			return Origin{}, errHostName
		}
		o.Host = ip.String()
		return o, nil
	}
	if strings.HasPrefix(u.Host, "[") || !isName(o.Host) {
		return Origin{}, errHostName
	}
	return o, nil
}

// isPort takes the one way to write a port.
func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0 && strconv.FormatUint(n, 10) == s
}

// isName refuses what a resolver may take for an address: many read 2130706433, 0x7f.1 and 0177.0.0.1 as
// 127.0.0.1.
func isName(s string) bool {
	s = strings.TrimSuffix(s, ".")
	if s == "" || len(s) > 253 {
		return false
	}
	labels := strings.Split(s, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	last := labels[len(labels)-1]
	return strings.Trim(last, "0123456789") != "" && !strings.HasPrefix(last, "0x")
}

func parseProxy(s string) (string, error) {
	host, port, err := net.SplitHostPort(strings.ToLower(s))
	if err != nil || !isPort(port) {
		return "", errProxyFormat
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return net.JoinHostPort(ip.String(), port), nil
	}
	if !isName(host) {
		return "", errProxyFormat
	}
	return net.JoinHostPort(host, port), nil
}

// Limits of a site file.
const (
	MaxFileSize = 1 << 20 // bytes
	MaxSites    = 1000

	maxHeaders    = 64         // names of one site
	maxHeaderName = 128        // bytes
	maxTimeout    = 3_600_000  // ms, an hour
	maxSeconds    = 3153600000 // a hundred years
	maxFaults     = 100        // mistakes that are listed
)

// Site is an origin and how it is used.
type Site struct {
	Origin     Origin
	Prefix     string        // path in front of the key, percent-encoded, without a slash at the end
	Headers    []string      // request headers that are forwarded, canonical
	MaxStored  int           // bytes; a larger body is answered and not stored
	CheckToken bool          // bodies are stored only for clients with a valid token
	KeyExpire  time.Duration // life of stored keys; 0 = they stay
	Timeout    time.Duration // of a whole request
	Proxy      string        // host:port of an HTTP proxy; empty = none

	// StaleOnError is how long a key that has expired is still answered when the origin
	// fails; 0 = not at all.
	StaleOnError time.Duration
}

// Origin is where an HTTP server is, in the one form in which they are compared.
type Origin struct {
	Scheme string // http or https
	Host   string // lower case; an IPv6 address without brackets
	Port   string
}

func (o Origin) addr() string { return net.JoinHostPort(o.Host, o.Port) }

// String returns the URL of the origin, without the port where it is that of the scheme.
func (o Origin) String() string { return o.Scheme + "://" + o.urlHost() }

func (o Origin) urlHost() string {
	if o.Port != defaultPort(o.Scheme) {
		return o.addr()
	}
	bare := net.JoinHostPort(o.Host, "")
	return bare[:len(bare)-1]
}

func defaultPort(scheme string) string {
	if scheme == "https" {
		return "443"
	}
	return "80"
}
