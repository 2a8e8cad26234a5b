package conn

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
)

// Stripes is how many copies of a counter there are, so that cores do not fight for a cache line.
const Stripes = 16

// Admission is what becomes of a new connection.
type Admission uint8

// What becomes of a new connection.
const (
	Admitted Admission = iota
	TooMany
	TooManyFromPeer
	ShuttingDown
)

// Table holds the listeners and connections that are open, within its limits.
type Table struct {
	max, maxPerPeer int

	mu        sync.Mutex // protects what follows
	closed    bool
	listeners map[net.Listener]struct{}
	conns     map[*Conn]struct{}
	perPeer   map[netip.Prefix]int // only of those that the limit is for
	next      int                  // stripe of the next connection
	counts    Counts               // but for Open and Busy
	Empty     chan struct{}        // closed when closed and no connection is left
}

// NewTable makes a table that admits so many connections, and so many of one client (0: no limit).
func NewTable(maxConns, maxPerPeer int) *Table {
	return &Table{
		max:        maxConns,
		maxPerPeer: maxPerPeer,
		listeners:  map[net.Listener]struct{}{},
		conns:      map[*Conn]struct{}{},
		perPeer:    map[netip.Prefix]int{},
		Empty:      make(chan struct{}),
	}
}

// AddListener takes note of a listener, which Close closes; false after Close.
func (t *Table) AddListener(ln net.Listener) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.listeners[ln] = struct{}{}
	return true
}

// RemoveListener forgets ln.
func (t *Table) RemoveListener(ln net.Listener) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.listeners, ln)
}

// Add admits c, or tells why not.
func (t *Table) Add(c *Conn) Admission {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return ShuttingDown
	}
	if len(t.conns) >= t.max {
		t.counts.Rejected++
		return TooMany
	}
	if t.limits(c.Peer) {
		if t.perPeer[Network(c.Peer)] >= t.maxPerPeer {
			t.counts.Rejected++
			return TooManyFromPeer
		}
		t.perPeer[Network(c.Peer)]++
	}
	c.Stripe = t.next % Stripes
	t.next++
	t.counts.Accepted++
	t.conns[c] = struct{}{}
	return Admitted
}

// Remove forgets a connection that Add has admitted.
func (t *Table) Remove(c *Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.conns, c)
	if t.limits(c.Peer) {
		if t.perPeer[Network(c.Peer)]--; t.perPeer[Network(c.Peer)] <= 0 {
			delete(t.perPeer, Network(c.Peer))
		}
	}
	if t.closed && len(t.conns) == 0 {
		close(t.Empty)
	}
}

// On a loopback address all clients of a proxy on this machine are one.
func (t *Table) limits(peer netip.Addr) bool { return t.maxPerPeer > 0 && !peer.IsLoopback() }

// Close admits nothing any more and closes the listeners.
func (t *Table) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil
	}
	t.closed = true
	if len(t.conns) == 0 {
		close(t.Empty)
	}
	var errs []error
	for ln := range t.listeners {
		errs = append(errs, CloseListener(ln))
	}
	return errors.Join(errs...)
}

// Each calls f for every connection. f must not block.
func (t *Table) Each(f func(*Conn)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for c := range t.conns {
		f(c)
	}
}

// Counts are the figures of a Table.
type Counts struct {
	Open, Busy         int    // Busy: serving a request
	Accepted, Rejected uint64 // since the start; Rejected: beyond a limit
}

// Counts returns the figures.
func (t *Table) Counts() Counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.counts
	n.Open = len(t.conns)
	for c := range t.conns {
		if c.Busy.Load() && !c.upgraded.Load() {
			n.Busy++
		}
	}
	return n
}

// Network is what counts as one client: an IPv4 address, or the IPv6 network of one subscriber.
func Network(a netip.Addr) netip.Prefix {
	bits := 64
	if a.Is4() {
		bits = 32
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // not an IP connection: all of them together
	}
	return p
}

// CloseListener closes ln, if it is still open.
func CloseListener(ln net.Listener) error {
	if err := ln.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close listener %s: %w", ln.Addr(), err)
	}
	return nil
}
