package gossip

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"
)

// view is the transport of one membership, a part of a hub.
type view struct {
	hub      *hub
	packetCh chan *memberlist.Packet
	streamCh chan net.Conn

	ctx    context.Context // ends with Shutdown, and dialling with it
	cancel context.CancelFunc
	wg     sync.WaitGroup // of connections

	mu    sync.Mutex // protects what follows
	down  bool
	conns map[closer]struct{}
}

// closer is a connection that tells its view when memberlist has done with it.
type closer interface {
	net.Conn
	abort() // makes reading and writing fail
	closed(f func())
}

var _ memberlist.NodeAwareTransport = (*view)(nil)

// track keeps a connection until it is closed.
func (v *view) track(c closer) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.down {
		return errDown
	}
	v.conns[c] = struct{}{}
	v.wg.Add(1)
	c.closed(func() {
		v.mu.Lock()
		delete(v.conns, c)
		v.mu.Unlock()
		v.wg.Done()
	})
	return nil
}

// DialAddressTimeout bounds dialling, so that a network that swallows packets does not
// hold up the next try, and all use of the connection: memberlist sets no deadline where
// it sends messages, and a peer that has been stopped reads nothing.
func (v *view) DialAddressTimeout(a memberlist.Address, timeout time.Duration) (net.Conn, error) {
	if v.ctx.Err() != nil {
		return nil, errDown
	}
	c, err := v.hub.dial(v.ctx, a, min(timeout, v.hub.times.dial))
	if err != nil {
		return nil, err
	}
	if err := c.SetDeadline(time.Now().Add(v.hub.times.stream)); err != nil {
		_ = c.Close()
		return nil, err
	}
	dialled := &dialledConn{Conn: c, limits: v.hub.limits}
	if err := v.track(dialled); err != nil {
		_ = c.Close()
		return nil, err
	}
	return dialled, nil
}

// DialTimeout is DialAddressTimeout of a node without a name.
func (v *view) DialTimeout(addr string, timeout time.Duration) (net.Conn, error) {
	return v.DialAddressTimeout(memberlist.Address{Addr: addr}, timeout)
}

// FinalAdvertiseAddr returns what others connect to.
func (v *view) FinalAdvertiseAddr(ip string, port int) (net.IP, int, error) {
	return v.hub.address(ip, port)
}

// WriteTo sends a packet.
func (v *view) WriteTo(b []byte, addr string) (time.Time, error) {
	return v.WriteToAddress(b, memberlist.Address{Addr: addr})
}

// WriteToAddress sends a packet.
func (v *view) WriteToAddress(b []byte, a memberlist.Address) (time.Time, error) {
	if v.ctx.Err() != nil {
		return time.Time{}, errDown
	}
	return v.hub.inner.WriteToAddress(b, a)
}

// PacketCh has the packets that arrive.
func (v *view) PacketCh() <-chan *memberlist.Packet { return v.packetCh }

// StreamCh has the connections that others make.
func (v *view) StreamCh() <-chan net.Conn { return v.streamCh }

// Shutdown ends all connections and waits until memberlist has let go of them. The
// listener stays.
func (v *view) Shutdown() error {
	v.hub.detach(v)
	v.cancel()
	v.mu.Lock()
	v.down = true
	for c := range v.conns {
		c.abort()
	}
	v.mu.Unlock()
	v.wg.Wait()
	return nil
}

// dialledConn is a connection that this node has made. Who is at the other end may be a
// stranger.
type dialledConn struct {
	net.Conn
	limits *inbound
	once   sync.Once
	done   func()
	head   []byte // the first bytes of the answer; only for Read
}

func (c *dialledConn) closed(f func()) { c.done = f }

func (c *dialledConn) abort() { _ = c.Conn.Close() }

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

func (c *dialledConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(c.done)
	return err
}
