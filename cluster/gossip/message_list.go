package gossip

import (
	"cmp"
	"slices"

	"owlcache/engine"
)

// listMessage tells what its sender has in some ranges of key hashes, and asks for what
// it lacks there.
//
//	10  8  number of the list, chosen by the sender
//	18  4  how many bytes of entries the sender wants at most
//	22     what the sender had seen before (message_versions.go)
//	…   2  ranges
//	       the ranges, ascending, each
//	        0  8  first hash              16  4  items
//	        8  8  last hash, inclusive    20     the items, ascending, each
//	        0  8  hash of the key         16  8  version, node
//	        8  8  version, time           24  1  1 = tombstone
type listMessage struct {
	sender uint64
	number uint64
	limit  uint32
	seen   []spanOf
	ranges []listedRange
}

// listedRange is a range of hashes and all that the sender of a list has in it.
type listedRange struct {
	engine.HashRange
	items []engine.Item
}

const (
	listHeader = headerSize + 16
	rangeFixed = 20
	itemSize   = 25

	// maxListItems is how many items one list has at most, unless more of them have the
	// same hash.
	maxListItems  = 40_000
	maxListRanges = 4096
)

// add appends a range behind the others.
func (m *listMessage) add(l listedRange) {
	if n := len(m.ranges); n > 0 && m.ranges[n-1].Last+1 == l.First {
		m.ranges[n-1].Last = l.Last
		m.ranges[n-1].items = append(m.ranges[n-1].items, l.items...)
		return
	}
	m.ranges = append(m.ranges, l)
}

func (m *listMessage) append(dst []byte) []byte {
	dst = appendHeader(dst, kindList, m.sender)
	dst = le.AppendUint64(dst, m.number)
	dst = le.AppendUint32(dst, m.limit)
	dst = appendVersions(dst, m.seen)
	dst = le.AppendUint16(dst, uint16(len(m.ranges)))
	for i := range m.ranges {
		dst = le.AppendUint64(dst, m.ranges[i].First)
		dst = le.AppendUint64(dst, m.ranges[i].Last)
		dst = le.AppendUint32(dst, uint32(len(m.ranges[i].items)))
		for _, it := range m.ranges[i].items {
			dst = le.AppendUint64(dst, it.Hash)
			dst = le.AppendUint64(dst, it.Version.Time)
			dst = le.AppendUint64(dst, it.Version.Node)
			dst = append(dst, boolByte(it.Tombstone))
		}
	}
	return dst
}

func (m *listMessage) parse(b []byte) error {
	if len(b) < listHeader || len(b) > maxMessage {
		return errShort
	}
	r := reader{b: b[2:]}
	m.sender, m.number, m.limit = r.u64(), r.u64(), r.u32()
	m.seen = r.versions()
	if len(r.b)/itemSize > 4*maxListItems {
		return errField
	}
	n := int(r.u16())
	if n > len(r.b)/rangeFixed {
		return errShort
	}
	m.ranges = make([]listedRange, n)
	for i := range m.ranges {
		if err := m.ranges[i].parse(&r); err != nil {
			return err
		}
		if i > 0 && m.ranges[i].First <= m.ranges[i-1].Last {
			return errField
		}
	}
	return r.end()
}

func (l *listedRange) parse(r *reader) error {
	l.First, l.Last = r.u64(), r.u64()
	n := int(r.u32())
	if n > len(r.b)/itemSize {
		return errShort
	}
	l.items = make([]engine.Item, n)
	for i := range l.items {
		it := &l.items[i]
		it.Hash = r.u64()
		it.Version = engine.Version{Time: r.u64(), Node: r.u64()}
		it.Tombstone = r.flag()
		if it.Hash < l.First || it.Hash > l.Last || i > 0 && it.Hash < l.items[i-1].Hash {
			return errField
		}
	}
	if l.First > l.Last {
		return errField
	}
	return r.bad
}

// within returns those of items, which ascend by hash, that lie in r.
func within(items []engine.Item, r engine.HashRange) []engine.Item {
	from, _ := slices.BinarySearchFunc(items, r.First, compareHash)
	to := len(items)
	if r.Last != ^uint64(0) {
		to, _ = slices.BinarySearchFunc(items, r.Last+1, compareHash)
	}
	return items[from:to]
}

func compareHash(it engine.Item, hash uint64) int { return cmp.Compare(it.Hash, hash) }
