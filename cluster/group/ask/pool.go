package ask

import (
	"bufio"
	"context"
	"crypto/tls"
	"net"
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

// httpConn is a connection to a member.
type httpConn struct {
	net.Conn
	r      *bufio.Reader
	out    []byte // the request
	reused bool   // it has been idle
	idle   time.Time
}

// connPool keeps the connections to a member.
type connPool struct {
	address string
	tls     *tls.Config   // nil: none
	slots   chan struct{} // holds one for each connection in use

	mu     sync.Mutex // protects what follows
	idle   []*httpConn
	busy   map[*httpConn]struct{}
	closed bool
}

func newConnPool(address string, config *tls.Config) *connPool {
	p := &connPool{address: address, slots: make(chan struct{}, maxConns), busy: map[*httpConn]struct{}{}}
	if config != nil {
		p.tls = config.Clone()
		if host, _, err := net.SplitHostPort(address); err == nil && p.tls.ServerName == "" {
			p.tls.ServerName = host
		}
	}
	return p
}

// enter waits for the right to use a connection; leave gives it back.
func (p *connPool) enter(ctx context.Context) error {
	select {
	case p.slots <- struct{}{}:
		return nil
	default:
	}
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ErrBusy
	}
}

func (p *connPool) leave() { <-p.slots }

// take returns an idle connection, the one used last, or makes one.
func (p *connPool) take(ctx context.Context) (*httpConn, error) {
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		c := p.idle[n-1]
		p.idle[n-1] = nil
		p.idle = p.idle[:n-1]
		p.busy[c] = struct{}{}
		p.mu.Unlock()
		return c, nil
	}
	p.mu.Unlock()
	nc, err := p.connect(ctx)
	if err != nil {
		return nil, err
	}
	c := &httpConn{Conn: nc, r: bufio.NewReaderSize(nc, connBuffer)}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		_ = nc.Close() // nobody has used it
		return nil, ErrGone
	}
	p.busy[c] = struct{}{}
	return c, nil
}

func (p *connPool) connect(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	nc, err := d.DialContext(ctx, "tcp", p.address)
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

// give takes a connection back that is good for more.
func (p *connPool) give(c *httpConn) {
	c.reused, c.idle = true, time.Now()
	if cap(c.out) > connBuffer {
		c.out = nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.busy, c)
	if p.closed {
		_ = c.Close() // it holds nothing
		return
	}
	p.idle = append(p.idle, c)
}

// drop closes a connection that was taken.
func (p *connPool) drop(c *httpConn) {
	p.mu.Lock()
	delete(p.busy, c)
	p.mu.Unlock()
	_ = c.Close() // whatever was wrong with it is known
}

// sweep closes the connections that have been idle since before then.
func (p *connPool) sweep(then time.Time) {
	p.mu.Lock()
	old := 0 // those used last are at the end
	for old < len(p.idle) && p.idle[old].idle.Before(then) {
		old++
	}
	drop := p.idle[:old]
	p.idle = append([]*httpConn(nil), p.idle[old:]...)
	p.mu.Unlock()
	for _, c := range drop {
		_ = c.Close() // it holds nothing
	}
}

// close closes all connections, also those in use.
func (p *connPool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, c := range p.idle {
		_ = c.Close() // it holds nothing
	}
	for c := range p.busy {
		_ = c.Close() // its user sees an error
	}
	p.idle = nil
}
