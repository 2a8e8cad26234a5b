package transport

import (
	"context"
	"errors"
	"io"
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
	t.at.attached.CompareAndSwap(t, nil)
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

const headWithin = 2 * time.Second // for a stranger to send the head of a frame

// acceptedConn is a connection that somebody has to this node. It sees to the bounds, keeps
// from memberlist what ends the process, and finds frames that are cut off, of which
// memberlist says nothing.
type acceptedConn struct {
	conn
	limits *inbound
	from   source
	begun  time.Time

	mu       sync.Mutex // protects what follows
	head     []byte     // the first bytes, up to the version
	got      int64      // bytes
	taken    int64      // of them, those that count
	ended    bool       // the other end has sent all
	deadline time.Time  // as memberlist has set it
}

func newAcceptedConn(c net.Conn, limits *inbound, from source) *acceptedConn {
	return &acceptedConn{conn: conn{Conn: c}, limits: limits, from: from, begun: time.Now()}
}

// SetDeadline sets that of a stranger to an earlier time until the head has arrived.
func (c *acceptedConn) SetDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = t
	if early := c.begun.Add(headWithin); c.awaitedLocked() && (t.IsZero() || early.Before(t)) {
		return errors.Join(c.SetReadDeadline(early), c.SetWriteDeadline(t))
	}
	return c.Conn.SetDeadline(t)
}

func (c *acceptedConn) awaitedLocked() bool { return !c.from.member && len(c.head) <= headVersion }

func (c *acceptedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.mu.Lock()
	defer c.mu.Unlock()
	awaited := c.awaitedLocked()
	c.head = firstBytes(c.head, b[:n], headVersion+1)
	if badStream(c.head) { // memberlist logs the error, which counts it
		_ = c.Conn.Close()
		return 0, errFrameVersion
	}
	if awaited && !c.awaitedLocked() && err == nil {
		err = c.SetReadDeadline(c.deadline)
	}
	c.got += int64(n)
	c.ended = errors.Is(err, io.EOF)
	if more := c.got - freeUnread - c.taken; more > 0 {
		if !c.limits.take(c.from, more) {
			_ = c.Conn.Close()
			return 0, errUnread
		}
		c.taken += more
	}
	return n, err
}

// Close is called once memberlist has done with the connection.
func (c *acceptedConn) Close() error {
	return c.end(func() {
		c.mu.Lock()
		taken, cut := c.taken, c.ended && isCut(c.head, c.got)
		c.mu.Unlock()
		if cut {
			c.limits.badFrame("a frame of data sync was cut off, and dropped", "cut", c.RemoteAddr())
		}
		c.limits.release(c.from, taken)
	})
}

// dialledConn is a connection that this node has made, perhaps to a stranger.
type dialledConn struct {
	conn
	limits *inbound
	head   []byte // the first bytes of the answer; only for Read
}

// Read keeps from memberlist what ends the process. There is one reader at a time.
func (c *dialledConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.head = firstBytes(c.head, b[:n], headVersion-headLabel+1)
	if badAnswer(c.head) {
		c.limits.badFrame("an answer of data sync has another version of the encryption: it was dropped", "answer", c.RemoteAddr())
		_ = c.Conn.Close()
		return 0, errFrameVersion
	}
	return n, err
}

// Write closes the connection after an error: memberlist forgets to when it is the label
// that cannot be written.
func (c *dialledConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if err != nil {
		_ = c.Close()
	}
	return n, err
}

func (c *dialledConn) Close() error { return c.end(func() {}) }
