package group

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"owlcache/cluster/group/ask"
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
	DefaultCacheLifetime = 5 * time.Second
	DefaultCacheBytes    = 64 << 20
)

// Members is the list of a group. A cluster.List is one.
type Members interface {
	// Members returns the addresses. A change of the list makes another slice.
	Members() []string
	// Changed returns a channel that is closed at the next change.
	Changed() <-chan struct{}
}

// Store is the node's own data, which is read here and never over the network.
type Store interface {
	// Get appends the value of key to dst.
	Get(dst, key []byte) ([]byte, engine.Meta, bool)
}

// Options of a Group. Members and Store must be set; the zero value of the rest is the
// default.
type Options struct {
	Members Members
	Store   Store
	// Self are the addresses, HOST:PORT, by which this node may be in the list. The
	// unspecified address 0.0.0.0 stands for all IPv4 loopback addresses too.
	Self []string
	Mode Mode
	// CacheLifetime is how long the answer of a member is used again, and a member that
	// has failed is left alone; default 5 s, negative: not at all.
	CacheLifetime time.Duration
	CacheBytes    int64 // of answers that are kept, default 64 MiB
	// Options are for asking one member. RequestTimeout bounds a whole query, whatever
	// the members do.
	ask.Options

	Logger *slog.Logger // default: nobody
}

// withDefaults fills in the defaults and returns every mistake at once.
func (o Options) withDefaults() (Options, error) {
	o.CacheLifetime = cmp.Or(o.CacheLifetime, DefaultCacheLifetime)
	o.CacheBytes = cmp.Or(o.CacheBytes, DefaultCacheBytes)
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	var errs [5]error
	if o.Members == nil {
		errs[0] = errors.New("there is no list of members")
	}
	if o.Store == nil {
		errs[1] = errors.New("there is no store")
	}
	if o.Mode > WebSocket {
		errs[2] = fmt.Errorf("there is no mode %d", o.Mode)
	}
	if o.CacheBytes < 0 {
		errs[3] = fmt.Errorf("cache size %d is negative", o.CacheBytes)
	}
	o.Options, errs[4] = o.WithDefaults()
	if err := errors.Join(errs[:]...); err != nil {
		return o, fmt.Errorf("group options: %w", err)
	}
	return o, nil
}
