package node

import (
	"sync/atomic"
	"time"
)

const holdTime = 5 * time.Second

// Gate holds requests until there is a store to serve them from.
type Gate struct {
	Hold time.Duration // how long Wait waits, default 5 s

	store    atomic.Pointer[Store]
	opened   chan struct{}
	stopping <-chan struct{}
	loading  atomic.Pointer[func() string]
}

func newGate(stopping <-chan struct{}) *Gate {
	return &Gate{Hold: holdTime, opened: make(chan struct{}), stopping: stopping}
}

// Open hands over the store. Only the first call counts.
func (g *Gate) Open(s Store) {
	if g.store.CompareAndSwap(nil, &s) {
		close(g.opened)
	}
}

// Peek returns the store, or nil while there is none.
func (g *Gate) Peek() Store {
	if s := g.store.Load(); s != nil {
		return *s
	}
	return nil
}

// Wait returns the store as soon as there is one, nil after Hold or when the server stops.
func (g *Gate) Wait() Store {
	if s := g.Peek(); s != nil {
		return s
	}
	select {
	case <-g.opened:
	case <-time.After(g.Hold):
	case <-g.stopping:
	}
	return g.Peek()
}

// SetLoading sets the function that says how far loading has come.
func (g *Gate) SetLoading(text func() string) { g.loading.Store(&text) }

// Status says how far loading has come.
func (g *Gate) Status() string {
	if f := g.loading.Load(); f != nil && *f != nil {
		return "loading: " + (*f)()
	}
	return "loading"
}
