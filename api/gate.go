package api

import (
	"sync/atomic"
	"time"
)

// holdTime is how long a request waits for recovery to finish.
const holdTime = 5 * time.Second

// gate holds requests until there is a store to serve them from.
type gate struct {
	store    atomic.Pointer[Store]
	opened   chan struct{}
	stopping <-chan struct{}
	loading  atomic.Pointer[func() string]
	hold     time.Duration
}

func newGate(stopping <-chan struct{}) *gate {
	return &gate{opened: make(chan struct{}), stopping: stopping, hold: holdTime}
}

func (g *gate) open(s Store) {
	if g.store.CompareAndSwap(nil, &s) {
		close(g.opened)
	}
}

// peek returns the store, or nil while there is none.
func (g *gate) peek() Store {
	if s := g.store.Load(); s != nil {
		return *s
	}
	return nil
}

// wait returns the store as soon as there is one, or nil after the time to hold
// a request has passed or the server is stopping.
func (g *gate) wait() Store {
	if s := g.peek(); s != nil {
		return s
	}
	t := time.NewTimer(g.hold)
	defer t.Stop()
	select {
	case <-g.opened:
	case <-t.C:
	case <-g.stopping:
	}
	return g.peek()
}

func (g *gate) setLoading(text func() string) { g.loading.Store(&text) }

// loadingText says how far loading has come.
func (g *gate) loadingText() string {
	if f := g.loading.Load(); f != nil && *f != nil {
		return "loading: " + (*f)()
	}
	return "loading"
}
