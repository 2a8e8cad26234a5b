package ask

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"owlcache/engine"
)

// Defaults of Options.
const (
	DefaultRequestTimeout = 2700 * time.Millisecond
	DefaultWriteWait      = 10 * time.Second
	DefaultMaxMessageSize = 7_000_000
	DefaultMinReconnect   = 2 * time.Second
	DefaultMaxReconnect   = 60 * time.Second
	DefaultMessageBuffer  = 1024
)

// Options of asking. The zero value is the default.
type Options struct {
	// RequestTimeout bounds a question, by the context that the caller makes of it, and
	// connecting a WebSocket; default 2.7 s.
	RequestTimeout time.Duration
	MaxValueSize   int         // bytes of a member's answer; default engine.MaxValueSize
	TLS            *tls.Config // for connections to members; nil: none
	// Dial connects to a member, before TLS; default: over TCP.
	Dial func(ctx context.Context, address string) (net.Conn, error)

	WriteWait      time.Duration // WebSocket: to write one message, default 10 s
	MaxMessageSize int64         // WebSocket: bytes of a message, default 7,000,000
	MinReconnect   time.Duration // WebSocket: pause after the first failure, default 2 s
	MaxReconnect   time.Duration // WebSocket: pause after many failures, default 60 s
	MessageBuffer  int           // WebSocket: questions under way on a connection, default 1024
}

// WithDefaults fills in the defaults and returns every mistake at once.
func (o Options) WithDefaults() (Options, error) {
	o.RequestTimeout = cmp.Or(o.RequestTimeout, DefaultRequestTimeout)
	o.MaxValueSize = cmp.Or(o.MaxValueSize, engine.MaxValueSize)
	o.WriteWait = cmp.Or(o.WriteWait, DefaultWriteWait)
	o.MaxMessageSize = cmp.Or(o.MaxMessageSize, DefaultMaxMessageSize)
	o.MinReconnect = cmp.Or(o.MinReconnect, DefaultMinReconnect)
	o.MaxReconnect = cmp.Or(o.MaxReconnect, max(DefaultMaxReconnect, o.MinReconnect))
	o.MessageBuffer = cmp.Or(o.MessageBuffer, DefaultMessageBuffer)
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(o.RequestTimeout > 0, "request timeout %v is negative", o.RequestTimeout)
	check(o.MaxValueSize > 0 && o.MaxValueSize <= engine.MaxValueSize,
		"largest value %d is not between 1 and %d bytes", o.MaxValueSize, engine.MaxValueSize)
	check(o.WriteWait > 0, "write timeout %v is negative", o.WriteWait)
	check(o.MaxMessageSize > 0, "largest message %d is negative", o.MaxMessageSize)
	check(o.MinReconnect > 0 && o.MaxReconnect >= o.MinReconnect,
		"pauses before connecting again, %v to %v, are no range", o.MinReconnect, o.MaxReconnect)
	check(o.MessageBuffer > 0, "message buffer %d is negative", o.MessageBuffer)
	return o, errors.Join(errs...)
}

func (o Options) connect(ctx context.Context, address string) (net.Conn, error) {
	if o.Dial != nil {
		return o.Dial(ctx, address)
	}
	var d net.Dialer
	return d.DialContext(ctx, "tcp", address)
}
