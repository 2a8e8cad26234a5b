package gossip

import (
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
)

// Bounds of the connections that others have to this node. What they send is kept in
// memory until it can be authenticated, so anybody could fill it.
const (
	maxStreams     = 256
	maxStreamsFrom = 64        // from one address
	maxUnread      = 256 << 20 // bytes that all of them have sent
	maxUnreadFrom  = 128 << 20
	freeUnread     = 16 << 10 // of a connection: does not count
)

// errUnread is returned for reading beyond the bounds.
var errUnread = errors.New("too much is being received at a time")

// tally counts what membership sees. The rest is counted by the core.
type tally struct {
	badFrames, badMessages, refused atomic.Uint64
}

// inbound bounds the connections that others have to this node.
type inbound struct {
	count   *tally
	notices *rarely
	log     *slog.Logger

	mu     sync.Mutex // protects what follows
	all    usage
	byAddr map[netip.Addr]*usage
}

// usage is what connections hold.
type usage struct {
	streams int
	bytes   int64
}

func newInbound(count *tally, notices *rarely, log *slog.Logger) *inbound {
	return &inbound{count: count, notices: notices, log: log, byAddr: make(map[netip.Addr]*usage)}
}

// addrOf returns the address of the other end, the zero one where there is none.
func addrOf(c net.Conn) netip.Addr {
	if a, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		return a.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}

// admit counts a connection in, if there is room for it.
func (l *inbound) admit(c net.Conn) bool {
	addr := addrOf(c)
	l.mu.Lock()
	from := l.byAddr[addr]
	if from == nil {
		from = &usage{}
	}
	ok := l.all.streams < maxStreams && (from.streams < maxStreamsFrom || !addr.IsValid())
	if ok {
		l.all.streams++
		from.streams++
		l.byAddr[addr] = from
	}
	l.mu.Unlock()
	if !ok {
		l.refuse(addr)
	}
	return ok
}

// take counts bytes that a connection has sent, if there is room for them.
func (l *inbound) take(addr netip.Addr, n int64) bool {
	l.mu.Lock()
	from := l.byAddr[addr]
	ok := l.all.bytes+n <= maxUnread && (from.bytes+n <= maxUnreadFrom || !addr.IsValid())
	if ok {
		l.all.bytes += n
		from.bytes += n
	}
	l.mu.Unlock()
	if !ok {
		l.refuse(addr)
	}
	return ok
}

// release counts a connection out, and the bytes that were taken for it.
func (l *inbound) release(addr netip.Addr, n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	from := l.byAddr[addr]
	l.all.streams--
	l.all.bytes -= n
	from.streams--
	from.bytes -= n
	if from.streams == 0 {
		delete(l.byAddr, addr)
	}
}

func (l *inbound) refuse(addr netip.Addr) {
	l.count.refused.Add(1)
	if l.notices.ok("refused") {
		l.log.Warn("too many connections to the port of data sync, or too much sent by them: some were closed", "from", addr.String())
	}
}

// frameConn is a connection that somebody has to this node. It sees to the bounds, and
// finds frames that are cut off, of which memberlist says nothing.
type frameConn struct {
	net.Conn
	limits *inbound
	addr   netip.Addr
	once   sync.Once
	done   func()

	mu    sync.Mutex // protects what follows
	head  []byte     // the first bytes, up to headSize of them
	got   int64      // bytes
	taken int64      // of them, those that count
	ended bool       // the other end has sent all
}

// A frame of a stream, as memberlist sends it:
//
//	0   1  244
//	1   1  length of the label
//	2      the label
//	17  1  10, encrypted
//	18  4  length of what follows, big-endian
const (
	labelMark = 244
	frameMark = 10
	headLabel = 2 + len(frameLabel)
	headSize  = headLabel + 1 + 4
)

func newFrameConn(c net.Conn, limits *inbound) *frameConn {
	return &frameConn{Conn: c, limits: limits, addr: addrOf(c), done: func() {}}
}

func (c *frameConn) closed(f func()) { c.done = f }

func (c *frameConn) abort() { _ = c.Conn.Close() }

func (c *frameConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.head = append(c.head, b[:min(n, headSize-len(c.head))]...)
	c.got += int64(n)
	c.ended = errors.Is(err, io.EOF)
	if more := c.got - freeUnread - c.taken; more > 0 {
		if !c.limits.take(c.addr, more) {
			_ = c.Conn.Close()
			return 0, errUnread
		}
		c.taken += more
	}
	return n, err
}

// Close is called once memberlist has done with the connection.
func (c *frameConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() {
		c.mu.Lock()
		taken, cut := c.taken, c.ended && isCut(c.head, c.got)
		c.mu.Unlock()
		if cut {
			c.limits.count.badFrames.Add(1)
			if c.limits.notices.ok("cut") {
				c.limits.log.Warn("a frame of data sync was cut off, and dropped", "from", c.addr.String())
			}
		}
		c.limits.release(c.addr, taken)
		c.done()
	})
	return err
}

// isCut tells whether a stream of got bytes that begins with head has ended within a
// frame. What is no frame of this group is not told so here: memberlist says it.
func isCut(head []byte, got int64) bool {
	switch {
	case len(head) < headLabel || head[0] != labelMark || string(head[2:headLabel]) != frameLabel:
		return false
	case len(head) == headLabel || head[headLabel] == frameMark && len(head) < headSize:
		return true
	}
	return head[headLabel] == frameMark && got < int64(headSize)+int64(binary.BigEndian.Uint32(head[headLabel+1:]))
}
