package transport

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
)

// Bounds of the connections that others have to this node. What they send is kept in
// memory until it can be authenticated, so anybody could fill it. Strangers cannot take
// what is there for known members.
const (
	maxStreams        = 256
	maxStreamsUnknown = maxStreams - 64 // of strangers
	maxStreamsFrom    = 64              // from one source
	maxUnread         = 64 << 20        // bytes that all strangers have sent
	maxUnreadFrom     = 32 << 20        // from one source
	maxUnreadMembers  = 128 << 20       // bytes that all known members have sent
	freeUnread        = 16 << 10        // of a connection: does not count
)

var errUnread = errors.New("too much is being received at a time")

// Tally counts what is refused.
type Tally struct {
	BadFrames   atomic.Uint64 // frames with another key or label, or garbled
	BadMessages atomic.Uint64 // authentic frames that make no sense
	Refused     atomic.Uint64 // connections over the limit
}

// inbound bounds the connections that others have to this node.
type inbound struct {
	count   *Tally
	notices *Notices
	known   func(ip netip.Addr) bool // tells whether it is that of a member

	mu       sync.Mutex // protects what follows
	members  usage
	unknown  usage
	bySource map[source]*usage
}

// usage is what connections hold.
type usage struct {
	streams int
	bytes   int64
}

// source is where connections come from. One stranger may have all addresses of a network
// of IPv6, so these count as one.
type source struct {
	net    netip.Prefix // the zero one where there is no address
	member bool
}

func newInbound(count *Tally, notices *Notices, known func(netip.Addr) bool) *inbound {
	return &inbound{count: count, notices: notices, known: known, bySource: make(map[source]*usage)}
}

const hostBits = 64 // of an IPv6 address, which a host chooses

func (l *inbound) sourceOf(c net.Conn) source {
	a, ok := c.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return source{}
	}
	ip := PlainIP(a.AddrPort().Addr())
	s := source{member: l.known(ip)}
	bits := ip.BitLen()
	if ip.Is6() && !s.member {
		bits -= hostBits
	}
	s.net, _ = ip.Prefix(bits) // fails where there is none
	return s
}

// admit counts a connection in, if there is room for it.
func (l *inbound) admit(s source) bool {
	l.mu.Lock()
	from := l.bySource[s]
	if from == nil {
		from = &usage{}
	}
	all := l.allOfLocked(s)
	ok := l.members.streams+l.unknown.streams < maxStreams && (s.member || all.streams < maxStreamsUnknown) &&
		(from.streams < maxStreamsFrom || !s.net.IsValid())
	if ok {
		all.streams++
		from.streams++
		l.bySource[s] = from
	}
	l.mu.Unlock()
	if !ok {
		l.refuse(s)
	}
	return ok
}

func (l *inbound) allOfLocked(s source) *usage {
	if s.member {
		return &l.members
	}
	return &l.unknown
}

// take counts bytes that a connection has sent, if there is room for them.
func (l *inbound) take(s source, n int64) bool {
	l.mu.Lock()
	all, from := l.allOfLocked(s), l.bySource[s]
	ok := s.member && all.bytes+n <= maxUnreadMembers ||
		!s.member && all.bytes+n <= maxUnread && (from.bytes+n <= maxUnreadFrom || !s.net.IsValid())
	if ok {
		all.bytes += n
		from.bytes += n
	}
	l.mu.Unlock()
	if !ok {
		l.refuse(s)
	}
	return ok
}

// release counts a connection out, and the bytes that were taken for it.
func (l *inbound) release(s source, n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, u := range []*usage{l.allOfLocked(s), l.bySource[s]} {
		u.streams--
		u.bytes -= n
	}
	if l.bySource[s].streams == 0 {
		delete(l.bySource, s)
	}
}

func (l *inbound) refuse(s source) {
	l.count.Refused.Add(1)
	l.notices.Warn("refused", "too many connections to the port of data sync, or too much sent by them: some were closed", "from", s.net.String())
}

// badFrame counts a frame that was dropped, and says so once a minute.
func (l *inbound) badFrame(what, kind string, from net.Addr) {
	l.count.BadFrames.Add(1)
	l.notices.Warn(kind, what, "from", from.String())
}

// PlainIP returns an address as it compares equal to others.
func PlainIP(ip netip.Addr) netip.Addr { return ip.Unmap().WithZone("") }
