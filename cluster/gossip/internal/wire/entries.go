package wire

import "owlcache/engine"

// Entries is a push or a part of an answer.
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
type Entries struct {
	Kind    byte
	Sender  uint64
	List    uint64
	Part    uint32
	After   uint64
	Last    uint64
	Entries []engine.Entry // point into the message
}

const (
	entriesHeader = HeaderSize + 32
	afterOffset   = HeaderSize + 12
	lastOffset    = HeaderSize + 20
	countOffset   = HeaderSize + 28
	entryFixed    = 39

	// partSize is the length at which a message of entries is ended and sent.
	partSize = 1 << 20
)

// EntrySize returns how many bytes of a message an entry takes.
func EntrySize(e *engine.Entry) int { return entryFixed + len(e.Key) + len(e.Value) }

// Parts encodes entries into messages of about partSize.
type Parts struct {
	Kind         byte
	Sender, List uint64
	After, Last  uint64 // of the message that is being filled; see Entries

	Done  [][]byte // messages that are complete
	Bytes int      // of all entries
	Begun uint32   // messages

	buf   []byte // the message that is being filled; nil if none is
	count uint32 // of its entries
}

// Add adds an entry, and completes a message if that is full.
func (p *Parts) Add(e *engine.Entry) {
	size := EntrySize(e)
	if p.buf != nil && len(p.buf)+size > partSize {
		p.Flush()
	}
	if p.buf == nil {
		p.buf = AppendHeader(nil, p.Kind, p.Sender)
		p.buf = le.AppendUint64(p.buf, p.List)
		p.buf = le.AppendUint32(p.buf, p.Begun)
		p.buf = le.AppendUint64(p.buf, p.After)
		p.buf = le.AppendUint64(p.buf, p.Last)
		p.buf = le.AppendUint32(p.buf, 0) // the count, when it is known
		p.Begun++
	}
	b := append(p.buf, boolByte(e.Tombstone))
	b = le.AppendUint16(b, uint16(len(e.Key)))
	b = le.AppendUint32(b, uint32(len(e.Value)))
	for _, v := range []uint64{e.Version.Time, e.Version.Node, uint64(e.Created), uint64(e.Expires)} {
		b = le.AppendUint64(b, v)
	}
	p.buf = append(append(b, e.Key...), e.Value...)
	p.count++
	p.Bytes += size
}

// Flush completes the message that is being filled.
func (p *Parts) Flush() {
	if p.buf == nil {
		return
	}
	le.PutUint64(p.buf[afterOffset:], p.After)
	le.PutUint64(p.buf[lastOffset:], p.Last)
	le.PutUint32(p.buf[countOffset:], p.count)
	p.After = p.Last
	p.Done = append(p.Done, p.buf)
	p.buf, p.count = nil, 0
}

// Count returns how many entries a message of them has.
func Count(msg []byte) int { return int(le.Uint32(msg[countOffset:])) }

// Messages returns all that has been added.
func (p *Parts) Messages() [][]byte {
	p.Flush()
	return p.Done
}

// Parse takes a message apart.
func (m *Entries) Parse(b []byte) error {
	if len(b) < entriesHeader || len(b) > maxMessage {
		return errShort
	}
	m.Kind = b[0]
	r := reader{b: b[2:]}
	m.Sender, m.List, m.Part = r.u64(), r.u64(), r.u32()
	m.After, m.Last = r.u64(), r.u64()
	m.Entries = make([]engine.Entry, r.count(int(r.u32()), entryFixed))
	for i := range m.Entries {
		e := &m.Entries[i]
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
