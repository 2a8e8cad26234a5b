package gossip

import (
	"owlcache/engine"
)

// entriesMessage is a push or a part of an answer.
//
//	10  8  number of the list it answers; 0 for a push
//	18  4  number of the part, from 0 on; 0 for a push
//	22  8  a push: it carries all writes of the sender with versions behind this time
//	30  8  a push: up to this one
//	38  4  entries
//	42     the entries, each
//	        0  1  1 = tombstone                15  8  version, node
//	        1  2  length k of the key          23  8  created, Unix ns
//	        3  4  length v of the value        31  8  expires, Unix ms
//	        7  8  version, time                39  k  key, then v bytes of value
type entriesMessage struct {
	kind    byte
	sender  uint64
	list    uint64
	part    uint32
	after   uint64
	last    uint64
	entries []engine.Entry // point into the message
}

const (
	entriesHeader = headerSize + 32
	afterOffset   = headerSize + 12
	lastOffset    = headerSize + 20
	countOffset   = headerSize + 28
	entryFixed    = 39

	// partSize is the length at which a message of entries is ended and sent.
	partSize = 1 << 20
)

// parts encodes entries into messages of about partSize.
type parts struct {
	kind         byte
	sender, list uint64
	after, last  uint64 // of the message that is being filled; see entriesMessage

	done  [][]byte
	buf   []byte // the message that is being filled; nil if none is
	count uint32 // of its entries
	bytes int    // of all entries
	begun uint32 // messages
}

func (p *parts) add(e *engine.Entry) {
	size := entryFixed + len(e.Key) + len(e.Value)
	if p.buf != nil && len(p.buf)+size > partSize {
		p.flush()
	}
	if p.buf == nil {
		p.buf = appendHeader(nil, p.kind, p.sender)
		p.buf = le.AppendUint64(p.buf, p.list)
		p.buf = le.AppendUint32(p.buf, p.begun)
		p.buf = le.AppendUint64(p.buf, p.after)
		p.buf = le.AppendUint64(p.buf, p.last)
		p.buf = le.AppendUint32(p.buf, 0) // the count, when it is known
		p.begun++
	}
	p.buf = append(p.buf, boolByte(e.Tombstone))
	p.buf = le.AppendUint16(p.buf, uint16(len(e.Key)))
	p.buf = le.AppendUint32(p.buf, uint32(len(e.Value)))
	p.buf = le.AppendUint64(p.buf, e.Version.Time)
	p.buf = le.AppendUint64(p.buf, e.Version.Node)
	p.buf = le.AppendUint64(p.buf, uint64(e.Created))
	p.buf = le.AppendUint64(p.buf, uint64(e.Expires))
	p.buf = append(append(p.buf, e.Key...), e.Value...)
	p.count++
	p.bytes += size
}

func (p *parts) flush() {
	if p.buf == nil {
		return
	}
	le.PutUint64(p.buf[afterOffset:], p.after)
	le.PutUint64(p.buf[lastOffset:], p.last)
	le.PutUint32(p.buf[countOffset:], p.count)
	p.after = p.last
	p.done = append(p.done, p.buf)
	p.buf, p.count = nil, 0
}

// messages returns what has been added.
func (p *parts) messages() [][]byte {
	p.flush()
	return p.done
}

func (m *entriesMessage) parse(b []byte) error {
	if len(b) < entriesHeader || len(b) > maxMessage {
		return errShort
	}
	m.kind = b[0]
	r := reader{b: b[2:]}
	m.sender, m.list, m.part = r.u64(), r.u64(), r.u32()
	m.after, m.last = r.u64(), r.u64()
	n := int(r.u32())
	if n > len(r.b)/entryFixed {
		return errShort
	}
	m.entries = make([]engine.Entry, n)
	for i := range m.entries {
		e := &m.entries[i]
		e.Tombstone = r.flag()
		k, v := int(r.u16()), int(r.u32())
		e.Version = engine.Version{Time: r.u64(), Node: r.u64()}
		e.Created, e.Expires = int64(r.u64()), int64(r.u64())
		e.Key, e.Value = r.bytes(k), r.bytes(v)
		if e.Tombstone && v > 0 {
			return errField
		}
	}
	return r.end()
}
