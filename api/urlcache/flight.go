package urlcache

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"

	"owlcache/engine"
)

// Store is what this package needs of *engine.Store.
type Store interface {
	// Get appends the value of key to dst.
	Get(dst, key []byte) ([]byte, engine.Meta, bool)
	// Stat returns what is known of key without its value.
	Stat(key []byte) (engine.Meta, bool)
	// Commit does ops in order as one submission.
	Commit(ops []engine.Op) error
}

// Request asks for a key. Its functions are called before Fetch returns, in the caller's goroutine.
type Request struct {
	Store Store
	Key   []byte
	Site  int // index; 0 stands for one that is out of range
	// Header returns the client's values of a header; nil: none is forwarded.
	Header func(name string) []string
	// Authorised tells whether the client has a valid token; nil: it has none.
	Authorised func() bool
}

// Answer must be released when Body has been used. Others use the same bytes: nobody may change them.
type Answer struct {
	Body        []byte
	ContentType string // "" = unknown
	Created     int64  // Unix nanoseconds; 0 = it is not stored
	Stale       bool   // it has expired, and the origin fails
	Why         *Error // with Stale: how

	release func()
}

// Release gives back the memory of Body. It may be called once.
func (a *Answer) Release() { a.release() }

type flight struct {
	client *client
	store  Store
	key    []byte
	url    *url.URL
	header http.Header
	wanted bool // those who wait may have it stored

	waiting int // who has not released the answer; protected by Cache.mu

	done   chan struct{} // closed when what follows is set
	answer *Answer
	fail   *Error
	taken  int64 // bytes of memory of the answer
}

// Fetch gets the key from the origin of the site, stores it and returns it. It returns within the
// site's timeout and the time that the store takes. The error is an *Error or ErrStored.
func (c *Cache) Fetch(req Request) (*Answer, error) {
	f, err := c.join(&req)
	if errors.Is(err, ErrStored) {
		return nil, err
	}
	c.counts.misses.Add(1)
	if err != nil {
		return nil, err
	}
	<-f.done
	if f.fail != nil {
		return nil, f.fail
	}
	if f.answer.Stale {
		c.counts.stale.Add(1)
	}
	a := *f.answer
	a.release = func() { c.leave(f) }
	return &a, nil
}

// join finds the flight that is under way for a key, or begins one.
func (c *Cache) join(req *Request) (*flight, error) {
	clients := *c.clients.Load()
	site := clients[0]
	if req.Site > 0 && req.Site < len(clients) {
		site = clients[req.Site]
	}
	u, err := site.target(string(req.Key))
	if err != nil {
		c.counts.errors[KindBadKey].Add(1)
		return nil, failure(KindBadKey, "the key is no path at an origin: %v", err)
	}
	wanted := !site.CheckToken || req.Authorised != nil && req.Authorised()
	id := flightID{site.index, site.Origin, site.Prefix, string(req.Key), wanted}

	c.mu.Lock()
	defer c.mu.Unlock()
	if f := c.flights[id]; f != nil {
		f.waiting++
		return f, nil
	}
	// A request that has just ended stored the key before it left the table.
	if _, ok := req.Store.Stat(req.Key); ok {
		return nil, ErrStored
	}
	if c.closed {
		c.counts.errors[KindStopping].Add(1)
		return nil, failure(KindStopping, "the node stops")
	}
	f := &flight{
		client: site, store: req.Store, key: []byte(id.key), url: u, header: forwarded(site, req.Header),
		wanted: wanted, waiting: 1, done: make(chan struct{}),
	}
	c.flights[id] = f
	c.tasks.Go(func() { c.fly(id, f) })
	return f, nil
}

func forwarded(site *client, values func(name string) []string) http.Header {
	h := http.Header{}
	if values == nil {
		return h
	}
	for _, name := range site.Headers {
		for _, v := range values(name) {
			// What no header may hold is a client's mistake, for which nobody else's answer shall fail.
			if !strings.ContainsFunc(v, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
				h[name] = append(h[name], v)
			}
		}
	}
	return h
}

func (c *Cache) fly(id flightID, f *flight) {
	defer func() {
		if p := recover(); p != nil {
			c.opts.Logger.Error("panic while fetching for the URL cache", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			c.counts.errors[KindInternal].Add(1)
			f.fail = failure(KindInternal, "internal error")
		}
		c.land(id, f)
	}()
	ctx, cancel := context.WithTimeout(c.running, f.client.Timeout)
	defer cancel()
	c.dropDeleted(f)
	f.answer, f.fail = c.fetch(ctx, f)
	if f.fail == nil {
		return
	}
	c.counts.errors[f.fail.Kind].Add(1)
	if f.fail.gone() && f.wanted {
		c.dropCopy(f)
	}
	if !f.fail.excusable() {
		return
	}
	c.memory.Give(f.taken)
	f.taken = 0
	if a, taken, ok := c.stale(f); ok {
		a.Why = f.fail
		f.answer, f.fail, f.taken = a, nil, taken
	}
}

func (c *Cache) land(id flightID, f *flight) {
	c.mu.Lock()
	delete(c.flights, id)
	c.mu.Unlock()
	if f.fail != nil {
		c.memory.Give(f.taken)
	}
	close(f.done)
}

func (c *Cache) leave(f *flight) {
	c.mu.Lock()
	f.waiting--
	last := f.waiting == 0
	c.mu.Unlock()
	if last {
		c.memory.Give(f.taken)
	}
}

func (c *Cache) fetch(ctx context.Context, f *flight) (a *Answer, fail *Error) {
	leave, ok := c.enter(f.client)
	if !ok {
		return nil, failure(KindBusy, "too many requests to origins at once")
	}
	defer leave()
	c.counts.fetches.Add(1)
	a, fail = c.ask(ctx, f)
	c.report(f.client, fail)
	return a, fail
}

func (c *Cache) ask(ctx context.Context, f *flight) (*Answer, *Error) {
	resp, fail := f.client.open(ctx, f.url, f.header)
	if fail != nil {
		return nil, fail
	}
	defer func() { _ = resp.Body.Close() }() // it has been read, or is not wanted
	body, taken, fail := c.readBody(ctx, f.client, resp)
	f.taken = taken
	if fail != nil {
		return nil, fail
	}
	t := passable(resp.Header.Get("Content-Type"))
	return &Answer{Body: body, ContentType: t, Created: c.keep(f, t, body)}, nil
}

func (c *Cache) enter(s *client) (leave func(), ok bool) {
	select {
	case s.slots <- struct{}{}:
	default:
		return nil, false
	}
	select {
	case c.slots <- struct{}{}:
	default:
		<-s.slots
		return nil, false
	}
	return func() {
		<-c.slots
		<-s.slots
	}, true
}
