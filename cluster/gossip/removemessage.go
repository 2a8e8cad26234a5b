package gossip

import (
	"time"
)

// Messages of membership. They begin like those of the core; see message.go.
const (
	kindRemove = 7 // an operator has removed a node from the group
	kindLeave  = 8 // the sender leaves: only the header
)

// removeMessage tells a member that an operator has removed a node:
//
//	10  8  id of the node, 0 = only the address is known
//	18  8  when, Unix ms, clock of the sender
//	26  2  length of the address
//	28     its address, IP:PORT
type removeMessage struct {
	sender  uint64
	node    uint64
	at      int64
	address string
}

// maxAddress is the longest address, in bytes: an IPv6 address with a zone.
const maxAddress = 128

func (m *removeMessage) append(dst []byte) []byte {
	dst = appendHeader(dst, kindRemove, m.sender)
	dst = le.AppendUint64(dst, m.node)
	dst = le.AppendUint64(dst, uint64(m.at))
	dst = le.AppendUint16(dst, uint16(len(m.address)))
	return append(dst, m.address...)
}

// parse takes a message apart, header and all.
func (m *removeMessage) parse(b []byte) error {
	r := reader{b: b}
	if kind, format := r.u8(), r.u8(); kind != kindRemove || format != messageFormat {
		return errField
	}
	m.sender, m.node, m.at = r.u64(), r.u64(), int64(r.u64())
	n := int(r.u16())
	if n > maxAddress {
		return errField
	}
	m.address = string(r.bytes(n))
	return r.end()
}

// removeWindow is how old a removal may be that is taken, and how far ahead its sender's
// clock. A recorded one cannot be sent again later.
const removeWindow = time.Minute

// removals remembers the last removal of each sender, so that none is taken twice.
type removals struct {
	start int64 // Unix ms: nothing older was sent to this run of the node
	last  map[uint64]int64
}

func newRemovals(now time.Time) *removals {
	return &removals{start: now.UnixMilli(), last: make(map[uint64]int64)}
}

// take tells whether a removal is new. Those that are too old for a replay are not
// remembered.
func (r *removals) take(m *removeMessage, now time.Time) bool {
	age := now.Sub(time.UnixMilli(m.at))
	if age > removeWindow || age < -removeWindow || m.at < r.start || m.at <= r.last[m.sender] {
		return false
	}
	for sender, at := range r.last {
		if now.Sub(time.UnixMilli(at)) > removeWindow {
			delete(r.last, sender)
		}
	}
	r.last[m.sender] = m.at
	return true
}
