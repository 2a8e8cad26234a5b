package urlcache

import (
	"net"
	"time"
)

// Limits and defaults of a site file.
const (
	MaxFileSize = 1 << 20 // bytes
	MaxSites    = 1000

	DefaultMaxStored = 5 << 20 // bytes
	DefaultTimeout   = 5 * time.Second

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
