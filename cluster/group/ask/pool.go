package ask

import (
	"bufio"
	"context"
	"crypto/tls"
	"net"
	"slices"
	"sync"
	"time"
)

const (
	maxConns = 256 // connections to a member
	// idleConnTime is how long a connection that is not needed is kept. Nodes close one
	// after two minutes: it is better not to ask over a connection that is just ending.
	idleConnTime = 30 * time.Second
	connBuffer   = 4 << 10 // bytes, for reading
)

type httpConn struct {
	net.Conn
	r    *bufio.Reader
	idle time.Time // since when; zero if it has just been made
}

type connPool struct {
	address string
	opts    Options
	tls     *tls.Config   // nil: none
	slots   chan struct{} // holds one for each connection in use
	gone    chan struct{} // closed when the pool is

	waited sync.Once

	mu   sync.Mutex // protects what follows
	idle []*httpConn
	busy map[*httpConn]struct{} // nil when the pool is closed
}

func newConnPool(address string, o Options) *connPool {
	return &connPool{
		address: address, opts: o, tls: tlsFor(address, o.TLS),
		slots: make(chan struct{}, maxConns), gone: make(chan struct{}), busy: map[*httpConn]struct{}{},
	}
}

// take returns the idle connection that was used last, or makes one. If too many are in
// use, it waits. The caller gives the connection back.
func (p *connPool) take(ctx context.Context) (*httpConn, error) {
	select {
	case p.slots <- struct{}{}:
	case <-p.gone:
		return nil, ErrGone
	case <-ctx.Done():
		return nil, ErrBusy
	}
	c := p.takeIdle()
	if c == nil {
		nc, err := p.connect(ctx)
		if err != nil {
			<-p.slots
			return nil, err
		}
		c = &httpConn{Conn: nc, r: bufio.NewReaderSize(nc, connBuffer)}
	}
	p.mu.Lock()
	closed := p.busy == nil
	if !closed {
		p.busy[c] = struct{}{}
	}
	p.mu.Unlock()
	if closed {
		p.give(c, false)
		return nil, ErrGone
	}
	return c, nil
}

func (p *connPool) takeIdle() *httpConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.idle) - 1
	if last < 0 {
		return nil
	}
	c := p.idle[last]
	p.idle = slices.Delete(p.idle, last, last+1)
	return c
}

func (p *connPool) connect(ctx context.Context) (net.Conn, error) {
	nc, err := p.opts.connect(ctx, p.address)
	if err != nil || p.tls == nil {
		return nc, err
	}
	tc := tls.Client(nc, p.tls)
	if err := tc.HandshakeContext(ctx); err != nil {
		_ = nc.Close() // the handshake's error counts
		return nil, err
	}
	return tc, nil
}

// give takes back a connection, and closes it if it is not good for more.
func (p *connPool) give(c *httpConn, reusable bool) {
	p.mu.Lock()
	keep := reusable && p.busy != nil
	delete(p.busy, c)
	if keep {
		c.idle = time.Now()
		p.idle = append(p.idle, c)
	}
	p.mu.Unlock()
	if !keep {
		_ = c.Close() // whatever was wrong with it is known
	}
	<-p.slots
}

// sweep closes the connections that have been idle since before then.
func (p *connPool) sweep(then time.Time) {
	p.mu.Lock()
	old := 0 // those used last are at the end
	for old < len(p.idle) && p.idle[old].idle.Before(then) {
		old++
	}
	drop := p.idle[:old]
	p.idle = slices.Clone(p.idle[old:])
	p.mu.Unlock()
	for _, c := range drop {
		_ = c.Close() // nobody uses it
	}
}

// close closes all connections. Those who use one see an error and give it back.
func (p *connPool) close() {
	p.mu.Lock()
	busy := p.busy
	p.busy = nil
	p.mu.Unlock()
	if busy == nil {
		return
	}
	close(p.gone)
	for c := range busy {
		_ = c.Close() // its user sees an error
	}
	p.sweep(time.Now().Add(time.Hour))
}

// wait waits until no connection of the closed pool is in use.
func (p *connPool) wait() {
	p.waited.Do(func() {
		for range cap(p.slots) {
			p.slots <- struct{}{}
		}
	})
}
