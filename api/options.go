package api

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"owlcache/api/access"
	"owlcache/api/classic"
	"owlcache/api/urlcache"
	"owlcache/engine"
)

// minTokenSecret is the size of an HMAC-SHA256 key below which it is weaker than the hash.
const minTokenSecret = 32

// Options of a Server. The zero value of a field means its default.
type Options struct {
	Version      string // program version; the Server header is "owlcache VERSION"
	ResponseHost string // host part of ResponseHost in answers, default 127.0.0.1
	HTTPPort     int    // port part of ResponseHost, default the port of the listener

	// Certificate switches HTTPS on: the listeners then speak nothing else. It returns the
	// certificate with its key and Leaf, never nil, for each new connection, and must be
	// safe for concurrent use. Default nil: plain HTTP.
	Certificate func() *tls.Certificate

	// AllowedOrigins are the origins whose web pages may read answers and open WebSockets,
	// as access.CheckOrigins takes them, or only "*" for any. Default: none.
	AllowedOrigins []string

	// WebSocket switches /ws on; default off. TCPPort is the port part of ResponseHost
	// there, default 7720.
	WebSocket bool
	TCPPort   int

	// TCPIdleTimeout is between two lines of a TCP connection, default 10 min: clients keep
	// connections in pools. TCPOpenWrites takes writes over TCP without a password from
	// everywhere; default: from a loopback address only.
	TCPIdleTimeout time.Duration
	TCPOpenWrites  bool

	Password      string        // answered by pass with a token; required
	TokenSecret   []byte        // signs tokens, at least 32 bytes; required. Another secret revokes all tokens.
	TokenLifetime time.Duration // default 0: tokens do not expire

	MaxValueSize int      // bytes, default and at most engine.MaxValueSize
	AllowedHosts []string // Host names served on a loopback address besides localhost and IP addresses; "*" is any

	MaxConns int // connections at once, default 10,000; beyond: 503
	// MaxConnsPerIP bounds the connections at once from one IPv4 address or IPv6 /64
	// network that is no loopback address, default 0: no limit; beyond: 429.
	MaxConnsPerIP int
	ReadTimeout   time.Duration // from the first byte of a request to its last, default 30 s
	WriteTimeout  time.Duration // to write an answer, default 30 s
	IdleTimeout   time.Duration // between two requests of a connection, default 120 s

	// MaxHeaderSize bounds request line and headers in bytes, default 32 KiB, which is
	// room for a percent-encoded key of 8 KiB. Each connection has a buffer of this size.
	MaxHeaderSize int
	// MaxBodyMemory bounds the bytes of large request bodies held at once, and separately
	// those of large answers, default 256 MiB. Beyond: 503 with Retry-After.
	MaxBodyMemory int64

	// Backup writes a backup of the node's data, without its secrets, to w; nil: there is
	// none to be had. It returns soon when ctx ends or w fails.
	Backup func(ctx context.Context, w io.Writer) error

	// Owlcache and Gossip are the lists of members of the two groups; nil: this node has none.
	Owlcache, Gossip classic.MemberList
	GroupMode        string // how the members are asked, as /admin/group names it

	// URLCache fetches what /uc/ does not find in the store; nil: there is no /uc/. With
	// URLCacheEasy it also serves all paths that are not this node's own.
	URLCache     *urlcache.Cache
	URLCacheEasy bool

	AccessLog *slog.Logger         // one record per request; default none
	Logger    *slog.Logger         // default discard
	TCPLogger *slog.Logger         // of TCP connections, and of their requests if AccessLog is set; default Logger
	Registry  *prometheus.Registry // what /metrics serves; default a new one
}

// withDefaults fills in the defaults and returns every mistake at once.
func (o Options) withDefaults() (Options, error) {
	o.ResponseHost = cmp.Or(o.ResponseHost, "127.0.0.1")
	o.MaxValueSize = cmp.Or(o.MaxValueSize, engine.MaxValueSize)
	o.TCPPort = cmp.Or(o.TCPPort, 7720)
	o.MaxConns = cmp.Or(o.MaxConns, 10_000)
	o.ReadTimeout = cmp.Or(o.ReadTimeout, 30*time.Second)
	o.WriteTimeout = cmp.Or(o.WriteTimeout, 30*time.Second)
	o.IdleTimeout = cmp.Or(o.IdleTimeout, 120*time.Second)
	o.TCPIdleTimeout = cmp.Or(o.TCPIdleTimeout, 10*time.Minute)
	o.MaxHeaderSize = cmp.Or(o.MaxHeaderSize, 32<<10)
	o.MaxBodyMemory = cmp.Or(o.MaxBodyMemory, 256<<20)
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	o.TCPLogger = cmp.Or(o.TCPLogger, o.Logger)
	o.Registry = cmp.Or(o.Registry, prometheus.NewRegistry())
	return o, o.validate()
}

func (o Options) validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(o.Password != "", "password is empty")
	check(len(o.TokenSecret) >= minTokenSecret, "token secret has %d bytes, needs at least %d", len(o.TokenSecret), minTokenSecret)
	check(o.TokenLifetime >= 0, "token lifetime %v is negative", o.TokenLifetime)
	check(!strings.ContainsFunc(o.ResponseHost, isControl), "response host %q has control characters", o.ResponseHost)
	check(!strings.ContainsFunc(o.Version, isControl), "version %q has control characters", o.Version)
	if err := access.CheckOrigins(o.AllowedOrigins); err != nil {
		errs = append(errs, err)
	}
	check(o.HTTPPort >= 0 && o.HTTPPort <= 65535, "HTTP port %d is not a port", o.HTTPPort)
	check(o.TCPPort > 0 && o.TCPPort <= 65535, "TCP port %d is not a port", o.TCPPort)
	check(o.MaxValueSize > 0 && o.MaxValueSize <= engine.MaxValueSize,
		"largest value %d is not between 1 and %d bytes", o.MaxValueSize, engine.MaxValueSize)
	check(o.MaxConns > 0, "connection limit %d is negative", o.MaxConns)
	check(o.MaxConnsPerIP >= 0, "connection limit per IP %d is negative", o.MaxConnsPerIP)
	check(o.ReadTimeout > 0, "read timeout %v is negative", o.ReadTimeout)
	check(o.WriteTimeout > 0, "write timeout %v is negative", o.WriteTimeout)
	check(o.IdleTimeout > 0, "idle timeout %v is negative", o.IdleTimeout)
	check(o.TCPIdleTimeout > 0, "TCP idle timeout %v is negative", o.TCPIdleTimeout)
	check(o.MaxHeaderSize >= 1024, "header limit %d is below 1024 bytes", o.MaxHeaderSize)
	check(o.MaxBodyMemory > 0, "body memory %d is negative", o.MaxBodyMemory)
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("api options: %w", errors.Join(errs...))
}

// responseHost returns what answers name as the node that gave them.
func (o Options) responseHost(ln net.Addr) string {
	port := o.HTTPPort
	if tcp, ok := ln.(*net.TCPAddr); ok && port == 0 {
		port = tcp.Port
	}
	return o.hostPort(port)
}

// hostPort returns ResponseHost with a port.
func (o Options) hostPort(port int) string {
	if strings.Contains(o.ResponseHost, ":") && !strings.HasPrefix(o.ResponseHost, "[") {
		return net.JoinHostPort(o.ResponseHost, strconv.Itoa(port))
	}
	return o.ResponseHost + ":" + strconv.Itoa(port)
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }
