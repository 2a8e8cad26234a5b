package urlcache

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"owlcache/api/internal/node"
	"owlcache/engine"
)

// Options of a Cache. The zero value of a field means its default.
type Options struct {
	Sites        []Site // at least one; required
	MaxValueSize int    // bytes of a body, default and at most engine.MaxValueSize
	// MaxFetches bounds the requests to origins at once, default 256; to those of one site half
	// as many. Beyond: 503.
	MaxFetches int
	// MaxMemory bounds the bytes of large bodies at once, default 256 MiB; one body may have all
	// of it. Who waits for more than a moment: 503.
	MaxMemory int64
	UserAgent string       // sent to origins where the client's is not forwarded, default "owlcache"
	TLS       *tls.Config  // for origins with https; default: the certificates that the system trusts, TLS 1.2 or later
	Logger    *slog.Logger // default discard

	network network // default the system's
	now     func() time.Time
}

func (o Options) withDefaults() (Options, error) {
	o.MaxValueSize = cmp.Or(o.MaxValueSize, engine.MaxValueSize)
	o.MaxFetches = cmp.Or(o.MaxFetches, 256)
	o.MaxMemory = cmp.Or(o.MaxMemory, 256<<20)
	o.UserAgent = cmp.Or(o.UserAgent, "owlcache")
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	if o.network.lookup == nil {
		o.network = systemNetwork()
	}
	if o.now == nil {
		o.now = time.Now
	}
	switch {
	case len(o.Sites) == 0:
		return o, errors.New("urlcache: there is no site")
	case o.MaxValueSize < 1 || o.MaxValueSize > engine.MaxValueSize:
		return o, fmt.Errorf("urlcache: largest value %d is not between 1 and %d bytes", o.MaxValueSize, engine.MaxValueSize)
	case o.MaxFetches < 0 || o.MaxMemory < 0:
		return o, errors.New("urlcache: a limit is negative")
	}
	return o, nil
}

// An origin that hangs leaves room for the others.
func (o Options) maxSiteFetches() int { return (o.MaxFetches + 1) / 2 }

// Cache fetches keys. All methods may be called concurrently.
type Cache struct {
	opts    Options
	clients atomic.Pointer[[]*client] // by index of their site
	slots   chan struct{}             // holds one for each request to an origin
	memory  *node.Budget              // for bodies of more than node.KeepBuffer bytes
	counts  counters

	running context.Context
	stop    context.CancelCauseFunc
	tasks   sync.WaitGroup // requests to origins, and connections being opened

	mu      sync.Mutex // protects what follows, and flight.waiting
	flights map[flightID]*flight
	closed  bool
}

// flightID holds on to no client: a reload that leaves a site where it was does not ask twice.
type flightID struct {
	site   int // index
	origin Origin
	prefix string
	key    string
	// wanted is apart: what is stored for a client with a token was asked for with that
	// client's headers.
	wanted bool
}

var errStopping = errors.New("the node stops")

// New makes a cache of these sites.
func New(opts Options) (*Cache, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	c := &Cache{
		opts:    opts,
		slots:   make(chan struct{}, opts.MaxFetches),
		memory:  node.NewBudget(opts.MaxMemory),
		flights: map[flightID]*flight{},
	}
	c.running, c.stop = context.WithCancelCause(context.Background())
	clients := c.newClients(opts.Sites)
	c.clients.Store(&clients)
	return c, nil
}

// Reload replaces the sites; none is ignored. Requests to origins under way end as they began.
func (c *Cache) Reload(sites []Site) {
	if len(sites) == 0 {
		return
	}
	clients := c.newClients(sites)
	for _, old := range *c.clients.Swap(&clients) {
		old.transport.CloseIdleConnections() // those in use close when they become idle
	}
}

// Close ends the requests to origins and waits. Fetch fails from then on. It may be called again.
func (c *Cache) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.stop(errStopping)
	c.tasks.Wait()
	for _, s := range *c.clients.Load() {
		s.transport.CloseIdleConnections()
	}
}

// begin counts a task that Close waits for, which calls c.tasks.Done; false after Close.
func (c *Cache) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.tasks.Add(1)
	return true
}
