package cluster

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"owlcache/engine"
)

// Mode is how the members of a group are asked.
type Mode uint8

// The modes.
const (
	HTTP      Mode = iota // a short request for each question
	WebSocket             // one long connection to each member
)

// Defaults of Options.
const (
	DefaultRequestTimeout = 2700 * time.Millisecond
	DefaultCacheLifetime  = 5 * time.Second
	DefaultCacheBytes     = 64 << 20
	DefaultWriteWait      = 10 * time.Second
	DefaultMaxMessageSize = 7_000_000
	DefaultMinReconnect   = 2 * time.Second
	DefaultMaxReconnect   = 60 * time.Second
	DefaultMessageBuffer  = 1024
)

// Store is the node's own data, which is read here and never over the network.
type Store interface {
	// Get appends the value of key to dst.
	Get(dst, key []byte) ([]byte, engine.Meta, bool)
}

// Options of a Group. Members and Store must be set; the zero value of the rest is the
// default.
type Options struct {
	Members *List
	Store   Store
	// Self are the addresses, HOST:PORT, by which this node may be in the list. The
	// unspecified address 0.0.0.0 stands for all IPv4 loopback addresses too.
	Self []string
	Mode Mode
	// RequestTimeout bounds a query, whatever the members do; default 2.7 s.
	RequestTimeout time.Duration
	// CacheLifetime is how long the answer of a member is used again, and a member that
	// has failed is left alone; default 5 s, negative: not at all.
	CacheLifetime time.Duration
	CacheBytes    int64 // of answers that are kept, default 64 MiB
	// MaxValueSize bounds the answer of a member, in bytes; default engine.MaxValueSize.
	MaxValueSize int
	// TLS, if set, is used for connections to members.
	TLS *tls.Config

	WriteWait      time.Duration // WebSocket: to write one message, default 10 s
	MaxMessageSize int64         // WebSocket: bytes of a message, default 7,000,000
	MinReconnect   time.Duration // WebSocket: pause after the first failure, default 2 s
	MaxReconnect   time.Duration // WebSocket: pause after many failures, default 60 s
	MessageBuffer  int           // WebSocket: questions under way on a connection, default 1024

	Logger *slog.Logger // default: nobody
}

// withDefaults fills in the defaults and returns every mistake at once.
func (o Options) withDefaults() (Options, error) {
	setDefault(&o.RequestTimeout, DefaultRequestTimeout)
	setDefault(&o.CacheLifetime, DefaultCacheLifetime)
	setDefault(&o.CacheBytes, DefaultCacheBytes)
	setDefault(&o.MaxValueSize, engine.MaxValueSize)
	setDefault(&o.WriteWait, DefaultWriteWait)
	setDefault(&o.MaxMessageSize, DefaultMaxMessageSize)
	setDefault(&o.MinReconnect, DefaultMinReconnect)
	setDefault(&o.MaxReconnect, max(DefaultMaxReconnect, o.MinReconnect))
	setDefault(&o.MessageBuffer, DefaultMessageBuffer)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o, o.validate()
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (o Options) validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(o.Store != nil, "there is no store")
	check(o.Mode == HTTP || o.Mode == WebSocket, "there is no mode %d", o.Mode)
	check(o.RequestTimeout > 0, "request timeout %v is negative", o.RequestTimeout)
	check(o.CacheBytes > 0, "cache size %d is negative", o.CacheBytes)
	check(o.MaxValueSize > 0 && o.MaxValueSize <= engine.MaxValueSize,
		"largest value %d is not between 1 and %d bytes", o.MaxValueSize, engine.MaxValueSize)
	check(o.WriteWait > 0, "write timeout %v is negative", o.WriteWait)
	check(o.MaxMessageSize > 0, "largest message %d is negative", o.MaxMessageSize)
	check(o.MinReconnect > 0 && o.MaxReconnect >= o.MinReconnect,
		"pauses before connecting again, %v to %v, are no range", o.MinReconnect, o.MaxReconnect)
	check(o.MessageBuffer > 0, "message buffer %d is negative", o.MessageBuffer)
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("group options: %w", errors.Join(errs...))
}
