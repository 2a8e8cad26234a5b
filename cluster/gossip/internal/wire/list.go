package wire

import "owlcache/engine"

// List tells what its sender has in some ranges of key hashes, and asks for what
// it lacks there.
//
//	10  8  number of the list, chosen by the sender
//	18  4  how many bytes of entries the sender wants at most
//	22     what the sender had seen before (NodeSpan)
//	…   2  ranges
//	       the ranges, ascending, each
//	        0  8  first hash              16  4  items
//	        8  8  last hash, inclusive    20     the items, ascending, each
//	        0  8  hash of the key         16  8  version, node
//	        8  8  version, time           24  1  1 = tombstone
type List struct {
	Sender uint64
	Number uint64
	Limit  uint32
	Seen   []NodeSpan
	Ranges []ListedRange
}

// ListedRange is a range of hashes and all that the sender of a list has in it.
type ListedRange struct {
	engine.HashRange
	Items []engine.Item
}

const (
	listHeader = HeaderSize + 16
	rangeFixed = 20
	itemSize   = 25

	// MaxListItems is how many items one list has at most, unless more of them have the
	// same hash.
	MaxListItems = 40_000
	// MaxListRanges is how many ranges one list has at most.
	MaxListRanges = 4096
)

// Add appends a range behind the others.
func (m *List) Add(l ListedRange) {
	if n := len(m.Ranges); n > 0 && m.Ranges[n-1].Last+1 == l.First {
		m.Ranges[n-1].Last = l.Last
		m.Ranges[n-1].Items = append(m.Ranges[n-1].Items, l.Items...)
		return
	}
	m.Ranges = append(m.Ranges, l)
}

// Append adds the message to dst.
func (m *List) Append(dst []byte) []byte {
	dst = AppendHeader(dst, KindList, m.Sender)
	dst = le.AppendUint64(dst, m.Number)
	dst = le.AppendUint32(dst, m.Limit)
	dst = appendVersions(dst, m.Seen)
	dst = le.AppendUint16(dst, uint16(len(m.Ranges)))
	for i := range m.Ranges {
		dst = le.AppendUint64(dst, m.Ranges[i].First)
		dst = le.AppendUint64(dst, m.Ranges[i].Last)
		dst = le.AppendUint32(dst, uint32(len(m.Ranges[i].Items)))
		for _, it := range m.Ranges[i].Items {
			dst = le.AppendUint64(dst, it.Hash)
			dst = le.AppendUint64(dst, it.Version.Time)
			dst = le.AppendUint64(dst, it.Version.Node)
			dst = append(dst, boolByte(it.Tombstone))
		}
	}
	return dst
}

// Parse takes a message apart.
func (m *List) Parse(b []byte) error {
	if len(b) < listHeader || len(b) > maxMessage {
		return errShort
	}
	r := reader{b: b[2:]}
	m.Sender, m.Number, m.Limit = r.u64(), r.u64(), r.u32()
	m.Seen = r.versions()
	if len(r.b)/itemSize > 4*MaxListItems {
		return errField
	}
	m.Ranges = make([]ListedRange, r.count(int(r.u16()), rangeFixed))
	for i := range m.Ranges {
		if err := m.Ranges[i].parse(&r); err != nil {
			return err
		}
		if i > 0 && m.Ranges[i].First <= m.Ranges[i-1].Last {
			return errField
		}
	}
	return r.end()
}

func (l *ListedRange) parse(r *reader) error {
	l.First, l.Last = r.u64(), r.u64()
	l.Items = make([]engine.Item, r.count(int(r.u32()), itemSize))
	for i := range l.Items {
		it := &l.Items[i]
		it.Hash = r.u64()
		it.Version = engine.Version{Time: r.u64(), Node: r.u64()}
		it.Tombstone = r.flag()
		if it.Hash < l.First || it.Hash > l.Last || i > 0 && it.Hash < l.Items[i-1].Hash {
			return errField
		}
	}
	if l.First > l.Last {
		return errField
	}
	return r.bad
}
