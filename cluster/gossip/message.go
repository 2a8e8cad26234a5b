package gossip

import (
	"encoding/binary"
	"errors"

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
	kindPush   = 1 // entries, as they are written at the sender
	kindDigest = 2
	kindList   = 3 // what the sender has in some ranges; asks for what it lacks there
	kindPart   = 4 // entries, in answer to a list
	kindEnd    = 5 // the end of that answer

	messageFormat = 1
	headerSize    = 10
)

// maxMessage is the greatest length of a message: memberlist takes no more than 20 MiB,
// and one entry of the greatest size has to fit.
const maxMessage = 18 << 20

var le = binary.LittleEndian

var (
	errShort   = errors.New("message is cut off")
	errTrailer = errors.New("bytes behind the end of the message")
	errField   = errors.New("a field is out of its range")
)

func appendHeader(dst []byte, kind byte, sender uint64) []byte {
	return le.AppendUint64(append(dst, kind, messageFormat), sender)
}

// digestMessage carries the digest of a store.
//
//	10  1  1 = the sender wants to see the receiver's digest, too
//	11  8  wall clock of the sender, Unix ms
//	19     the digest: engine.Buckets times 8 bytes
type digestMessage struct {
	sender uint64
	answer bool
	clock  int64
	digest engine.Digest
}

const digestSize = headerSize + 9 + 8*engine.Buckets

func (m *digestMessage) append(dst []byte) []byte {
	dst = appendHeader(dst, kindDigest, m.sender)
	dst = append(dst, boolByte(m.answer))
	dst = le.AppendUint64(dst, uint64(m.clock))
	return appendDigest(dst, &m.digest)
}

func (m *digestMessage) parse(b []byte) error {
	if len(b) != digestSize {
		return errShort
	}
	r := reader{b: b[2:]}
	m.sender = r.u64()
	m.answer = r.flag()
	m.clock = int64(r.u64())
	parseDigest(&m.digest, r.bytes(8*len(m.digest)))
	return r.end()
}

func appendDigest(dst []byte, d *engine.Digest) []byte {
	for i := range d {
		dst = le.AppendUint64(dst, d[i])
	}
	return dst
}

func parseDigest(d *engine.Digest, b []byte) {
	for i := range d {
		d[i] = le.Uint64(b[8*i:])
	}
}

// endMessage ends the answer to a list.
//
//	10  8  number of the list
//	18  4  parts that were sent in answer to it
//	22  8  all hashes up to this one, inclusive, have been answered; the rest has to be
//	       listed again. Only valid with the flag at 38.
//	30  8  time of the oldest version in the list that the sender lacks; 2^64-1 = none
//	38  1  1 = some hashes have been answered, 2 = the sender holds its entries back
type endMessage struct {
	sender  uint64
	list    uint64
	parts   uint32
	upTo    uint64
	lacking uint64
	some    bool // upTo is valid
	held    bool // nothing was sent: ask again later
}

const (
	endSize     = headerSize + 29
	lacksNone   = ^uint64(0)
	endSome     = 1
	endHeld     = 2
	maxEndFlags = endSome | endHeld
)

func (m *endMessage) append(dst []byte) []byte {
	dst = appendHeader(dst, kindEnd, m.sender)
	dst = le.AppendUint64(dst, m.list)
	dst = le.AppendUint32(dst, m.parts)
	dst = le.AppendUint64(dst, m.upTo)
	dst = le.AppendUint64(dst, m.lacking)
	return append(dst, boolByte(m.some)*endSome|boolByte(m.held)*endHeld)
}

func (m *endMessage) parse(b []byte) error {
	if len(b) != endSize {
		return errShort
	}
	r := reader{b: b[2:]}
	m.sender, m.list, m.parts = r.u64(), r.u64(), r.u32()
	m.upTo, m.lacking = r.u64(), r.u64()
	flags := r.u8()
	if flags > maxEndFlags {
		return errField
	}
	m.some, m.held = flags&endSome != 0, flags&endHeld != 0
	return r.end()
}

func boolByte(v bool) byte {
	if v {
		return 1
	}
	return 0
}

// reader takes a message apart. After the first read beyond its end it returns zeros,
// and end an error.
type reader struct {
	b   []byte
	bad error
}

func (r *reader) bytes(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.bad, r.b = errShort, nil
		return nil
	}
	v := r.b[:n:n]
	r.b = r.b[n:]
	return v
}

func (r *reader) u8() byte {
	if v := r.bytes(1); v != nil {
		return v[0]
	}
	return 0
}

func (r *reader) flag() bool {
	v := r.u8()
	if v > 1 {
		r.bad = errField
	}
	return v == 1
}

func (r *reader) u16() uint16 {
	if v := r.bytes(2); v != nil {
		return le.Uint16(v)
	}
	return 0
}

func (r *reader) u32() uint32 {
	if v := r.bytes(4); v != nil {
		return le.Uint32(v)
	}
	return 0
}

func (r *reader) u64() uint64 {
	if v := r.bytes(8); v != nil {
		return le.Uint64(v)
	}
	return 0
}

func (r *reader) end() error {
	if r.bad != nil {
		return r.bad
	}
	if len(r.b) > 0 {
		return errTrailer
	}
	return nil
}
