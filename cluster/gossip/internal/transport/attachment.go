package transport

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"
)

// attachment is the transport of one membership, at the port of the node.
type attachment struct {
	at       *Port
	packetCh chan *memberlist.Packet
	streamCh chan net.Conn

	ctx    context.Context // ends with Shutdown, and dialling with it
	cancel context.CancelFunc
	wg     sync.WaitGroup // of connections

	mu    sync.Mutex // protects what follows
	down  bool
	conns map[*conn]struct{}
}

// conn is a connection that an attachment knows of until memberlist has done with it.
type conn struct {
	net.Conn
	once sync.Once
	done func() // set by track
}

// end closes a connection. The first time it calls last, and tells the attachment.
func (c *conn) end(last func()) error {
	err := c.Close()
	c.once.Do(func() {
		last()
		if c.done != nil {
			c.done()
		}
	})
	return err
}

var _ memberlist.NodeAwareTransport = (*attachment)(nil)

// track keeps a connection until it is closed.
func (t *attachment) track(c *conn) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.down {
		return ErrDown
	}
	t.conns[c] = struct{}{}
	t.wg.Add(1)
	c.done = func() {
		t.mu.Lock()
		delete(t.conns, c)
		t.mu.Unlock()
		t.wg.Done()
	}
	return nil
}

// DialAddressTimeout bounds dialling, so that a network that swallows packets does not
// hold up the next try, and all use of the connection: memberlist sets no deadline where
// it sends messages, and a peer that has been stopped reads nothing.
func (t *attachment) DialAddressTimeout(a memberlist.Address, timeout time.Duration) (net.Conn, error) {
	if t.ctx.Err() != nil {
		return nil, ErrDown
	}
	c, err := t.at.dial(t.ctx, a, min(timeout, t.at.o.Dial))
	if err != nil {
		return nil, err
	}
	if err := c.SetDeadline(time.Now().Add(t.at.o.Stream)); err != nil {
		_ = c.Close()
		return nil, err
	}
	dialled := &dialledConn{conn: conn{Conn: c}, limits: t.at.limits}
	if err := t.track(&dialled.conn); err != nil {
		_ = c.Close()
		return nil, err
	}
	return dialled, nil
}

func (t *attachment) DialTimeout(addr string, timeout time.Duration) (net.Conn, error) {
	return t.DialAddressTimeout(memberlist.Address{Addr: addr}, timeout)
}

func (t *attachment) FinalAdvertiseAddr(string, int) (net.IP, int, error) {
	return t.at.ip, t.at.port, nil
}

func (t *attachment) WriteTo(b []byte, addr string) (time.Time, error) {
	return t.WriteToAddress(b, memberlist.Address{Addr: addr})
}

func (t *attachment) WriteToAddress(b []byte, a memberlist.Address) (time.Time, error) {
	if t.ctx.Err() != nil {
		return time.Time{}, ErrDown
	}
	return t.at.inner.WriteToAddress(b, a)
}

func (t *attachment) PacketCh() <-chan *memberlist.Packet { return t.packetCh }
func (t *attachment) StreamCh() <-chan net.Conn           { return t.streamCh }

// Shutdown ends all connections and waits until memberlist has let go of them. The
// listener stays.
func (t *attachment) Shutdown() error {
	t.at.detach(t)
	t.cancel()
	t.mu.Lock()
	t.down = true
	for c := range t.conns {
		_ = c.Close() // reading and writing fail now
	}
	t.mu.Unlock()
	t.wg.Wait()
	return nil
}
