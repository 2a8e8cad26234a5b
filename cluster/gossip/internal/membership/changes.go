package membership

import "sync"

// changes are the comings and goings that nobody has been told of yet. However many there
// are, at most two are kept for a member: that it has left, and that it is there (again).
type changes struct {
	wake chan struct{}

	mu      sync.Mutex
	pending map[uint64]change // protected by mu
}

// change is what has become of a member: left, joined, or the one after the other.
type change struct{ left, joined bool }

func newChanges() *changes {
	return &changes{wake: make(chan struct{}, 1), pending: make(map[uint64]change)}
}

func (c *changes) joined(id uint64) {
	c.update(id, func(p change) change { return change{left: p.left, joined: true} })
}

// left drops one that came and went unnoticed, unless it had left before.
func (c *changes) left(id uint64) {
	c.update(id, func(p change) change { return change{left: p.left || !p.joined} })
}

func (c *changes) update(id uint64, f func(change) change) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if next := f(c.pending[id]); next == (change{}) {
		delete(c.pending, id)
	} else {
		c.pending[id] = next
	}
	signal(c.wake)
}

// signal puts a token into a channel that holds one.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (c *changes) take() map[uint64]change {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.pending
	c.pending = make(map[uint64]change)
	return p
}
