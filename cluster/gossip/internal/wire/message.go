package wire

import (
	"cmp"
	"encoding/binary"
	"errors"
	"slices"

	"owlcache/engine"
)

// Messages are bytes, integers in little-endian order. All begin with
//
//	0  1  kind
//	1  1  format, 1
//	2  8  id of the sender
//
// and memberlist has authenticated them as those of a member, not of a certain one. So
// the sender is only where an answer goes. A message of an unknown kind or format is
// counted and dropped: it may come from a newer release.
const (
	KindPush   = 1 // entries, as they are written at the sender
	KindDigest = 2
	KindList   = 3 // what the sender has in some ranges; asks for what it lacks there
	KindPart   = 4 // entries, in answer to a list
	KindEnd    = 5 // the end of that answer
	KindRemove = 7 // an operator has removed a node from the group
	KindLeave  = 8 // the sender leaves: only the header

	Format     = 1
	HeaderSize = 10
)

const maxMessage = 18 << 20 // memberlist takes no more than 20 MiB, and the largest entry has to fit

// MaxNodes is how many nodes a node keeps anything of.
const MaxNodes = 1024

var (
	le = binary.LittleEndian

	errShort   = errors.New("message is cut off")
	errTrailer = errors.New("bytes behind the end of the message")
	errField   = errors.New("a field is out of its range")
)

// Sender returns the sender of a message that has a header.
func Sender(msg []byte) uint64 { return le.Uint64(msg[2:]) }

// IsMessage tells whether a message has a header of this format.
func IsMessage(msg []byte) bool { return len(msg) >= HeaderSize && msg[1] == Format }

// AppendHeader begins a message; one of KindLeave is complete with it.
func AppendHeader(dst []byte, kind byte, sender uint64) []byte {
	return le.AppendUint64(append(dst, kind, Format), sender)
}

// Digest carries the digest of a store.
//
//	10  1  1 = the sender wants to see the receiver's digest, too
//	11  8  wall clock of the sender, Unix ms
//	19     the digest: engine.Buckets times 8 bytes
//	…      what the sender had seen before (NodeSpan)
type Digest struct {
	Sender uint64
	Answer bool
	Clock  int64
	Digest engine.Digest
	Seen   []NodeSpan
}

const digestFixed = HeaderSize + 9 + 8*engine.Buckets

// Append adds the message to dst.
func (m *Digest) Append(dst []byte) []byte {
	dst = slices.Grow(dst, digestFixed+2+spanSize*len(m.Seen))
	dst = AppendHeader(dst, KindDigest, m.Sender)
	dst = append(dst, boolByte(m.Answer))
	dst = le.AppendUint64(dst, uint64(m.Clock))
	for _, v := range m.Digest {
		dst = le.AppendUint64(dst, v)
	}
	return appendVersions(dst, m.Seen)
}

// Parse takes a message apart.
func (m *Digest) Parse(b []byte) error {
	if len(b) < digestFixed {
		return errShort
	}
	r := reader{b: b[2:]}
	m.Sender = r.u64()
	m.Answer = r.flag()
	m.Clock = int64(r.u64())
	for i := range m.Digest {
		m.Digest[i] = r.u64()
	}
	m.Seen = r.versions()
	return r.end()
}

// End ends the answer to a list.
//
//	10  8  number of the list
//	18  4  parts that were sent in answer to it
//	22  1  1 = the next field is valid, 2 = nothing was answered: come again later
//	23  8  all hashes up to this one, inclusive, have been answered; the rest has to be
//	       listed again
type End struct {
	Sender uint64
	List   uint64
	Parts  uint32
	Some   bool // UpTo is valid
	Busy   bool
	UpTo   uint64
}

const endSize = HeaderSize + 21

// Append adds the message to dst.
func (m *End) Append(dst []byte) []byte {
	dst = AppendHeader(dst, KindEnd, m.Sender)
	dst = le.AppendUint64(dst, m.List)
	dst = le.AppendUint32(dst, m.Parts)
	dst = append(dst, boolByte(m.Some)|boolByte(m.Busy)<<1)
	return le.AppendUint64(dst, m.UpTo)
}

// Parse takes a message apart.
func (m *End) Parse(b []byte) error {
	if len(b) != endSize {
		return errShort
	}
	r := reader{b: b[2:]}
	m.Sender, m.List, m.Parts = r.u64(), r.u64(), r.u32()
	flags := r.u8()
	m.Some, m.Busy, m.UpTo = flags&1 != 0, flags&2 != 0, r.u64()
	if flags > 3 {
		return errField
	}
	return r.end()
}

// Remove tells a member that an operator has removed a node:
//
//	10  8  id of the node, 0 = only the address is known
//	18  8  when, Unix ms, clock of the sender
//	26  2  length of the address
//	28     its address, IP:PORT
type Remove struct {
	Sender  uint64
	Node    uint64
	At      int64
	Address string
}

// MaxAddress is the longest address, in bytes: an IPv6 address with a zone.
const MaxAddress = 128

// Append adds the message to dst.
func (m *Remove) Append(dst []byte) []byte {
	dst = AppendHeader(dst, KindRemove, m.Sender)
	dst = le.AppendUint64(dst, m.Node)
	dst = le.AppendUint64(dst, uint64(m.At))
	dst = le.AppendUint16(dst, uint16(len(m.Address)))
	return append(dst, m.Address...)
}

// Parse takes a message apart, header and all.
func (m *Remove) Parse(b []byte) error {
	r := reader{b: b}
	if kind, format := r.u8(), r.u8(); kind != KindRemove || format != Format {
		return errField
	}
	m.Sender, m.Node, m.At = r.u64(), r.u64(), int64(r.u64())
	n := int(r.u16())
	if n > MaxAddress {
		return errField
	}
	m.Address = string(r.bytes(n))
	return r.end()
}

// Span is the versions behind After, up to Last.
type Span struct{ After, Last uint64 }

// NodeSpan is a span of the writes of a node.
type NodeSpan struct {
	Node uint64
	Span
}

// Compare orders by node, then version.
func (s NodeSpan) Compare(o NodeSpan) int {
	return cmp.Or(cmp.Compare(s.Node, o.Node), cmp.Compare(s.After, o.After))
}

// A version vector in a message: 2 bytes, the number of its elements, and for each of
// them, which ascend,
//
//	0  8  node
//	8  8  version time: the writes of the node behind this one have been seen,
//	16 8  up to this one
const spanSize = 24

func appendVersions(dst []byte, list []NodeSpan) []byte {
	dst = le.AppendUint16(dst, uint16(len(list)))
	for _, v := range list {
		dst = le.AppendUint64(dst, v.Node)
		dst = le.AppendUint64(dst, v.After)
		dst = le.AppendUint64(dst, v.Last)
	}
	return dst
}

func (r *reader) versions() []NodeSpan {
	list := make([]NodeSpan, r.count(int(r.u16()), spanSize))
	for i := range list {
		list[i] = NodeSpan{Node: r.u64(), Span: Span{After: r.u64(), Last: r.u64()}}
		if !list[i].follows(list[:i]) {
			r.bad = errField
		}
	}
	return list
}

// follows tells whether s may stand behind the others.
func (s NodeSpan) follows(others []NodeSpan) bool {
	if s.Last <= s.After || len(others) == 0 {
		return s.Last > s.After
	}
	before := others[len(others)-1]
	return before.Node < s.Node || before.Node == s.Node && before.Last <= s.After
}
