package api

import (
	"net"
	"net/netip"
	"sync"
)

// admission is what becomes of a new connection.
type admission uint8

const (
	admitted admission = iota
	tooManyConns
	tooManyFromPeer
	shuttingDown
)

// connTable holds what is open, within its limits.
type connTable struct {
	max, maxPerPeer int

	mu        sync.Mutex // protects what follows
	closed    bool
	listeners map[net.Listener]struct{}
	conns     map[*conn]struct{}
	perPeer   map[netip.Prefix]int // only of those that the limit is for
	next      int                  // stripe of the next connection
	total     uint64               // admitted so far
	empty     chan struct{}        // closed when closed and no connection is left
}

func newConnTable(maxConns, maxPerPeer int) *connTable {
	return &connTable{
		max:        maxConns,
		maxPerPeer: maxPerPeer,
		listeners:  map[net.Listener]struct{}{},
		conns:      map[*conn]struct{}{},
		perPeer:    map[netip.Prefix]int{},
		empty:      make(chan struct{}),
	}
}

func (t *connTable) addListener(ln net.Listener) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.listeners[ln] = struct{}{}
	return true
}

func (t *connTable) removeListener(ln net.Listener) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.listeners, ln)
}

func (t *connTable) add(c *conn) admission {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return shuttingDown
	}
	if len(t.conns) >= t.max {
		return tooManyConns
	}
	if t.limits(c.peer) {
		if t.perPeer[network(c.peer)] >= t.maxPerPeer {
			return tooManyFromPeer
		}
		t.perPeer[network(c.peer)]++
	}
	c.stripe = t.next % stripes
	t.next++
	t.total++
	t.conns[c] = struct{}{}
	return admitted
}

func (t *connTable) remove(c *conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.conns, c)
	if t.limits(c.peer) {
		if t.perPeer[network(c.peer)]--; t.perPeer[network(c.peer)] <= 0 {
			delete(t.perPeer, network(c.peer))
		}
	}
	if t.closed && len(t.conns) == 0 {
		close(t.empty)
	}
}

// limits tells whether the limit for one client is for this one. On a loopback
// address all clients of a proxy on this machine are one.
func (t *connTable) limits(peer netip.Addr) bool { return t.maxPerPeer > 0 && !peer.IsLoopback() }

// close admits nothing any more and closes the listeners. The first error counts.
func (t *connTable) close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil
	}
	t.closed = true
	if len(t.conns) == 0 {
		close(t.empty)
	}
	var first error
	for ln := range t.listeners {
		if err := closeListener(ln); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// each calls f for every connection. f must not block.
func (t *connTable) each(f func(*conn)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for c := range t.conns {
		f(c)
	}
}

// counts returns how many connections are open, how many of them are serving a
// request, and how many were admitted since the start.
func (t *connTable) counts() (open, busy int, total uint64) {
	t.each(func(c *conn) {
		open++
		if c.busy.Load() && !c.upgraded.Load() {
			busy++
		}
	})
	t.mu.Lock()
	defer t.mu.Unlock()
	return open, busy, t.total
}

// Connections returns how many connections of clients are open.
func (s *Server) Connections() int {
	http, _, _ := s.conns.counts()
	tcp, _, _ := s.tcp.conns.counts()
	return http + tcp
}

// network is what counts as one client: an IPv4 address, or the IPv6 network that
// one subscriber usually has to himself.
func network(a netip.Addr) netip.Prefix {
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
