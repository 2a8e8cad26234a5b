package replicate

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"owlcache/cluster/gossip/internal/wire"
	"owlcache/engine"
)

// vector is what a node has seen: for each node, of which ranges of versions it has had
// every write of that one, or what took its place. (A version vector with gaps: Parker et
// al., 1983; Malkhi and Terry, 2005.) Such a fact stays true for ever. So of an entry
// that a peer lacks, and that its vector covers, is known: the peer has had it, and has
// deleted it since.
//
// It grows with each push, which says what it carries, and with each agreement: then this
// node has seen what the peer has seen. It never grows over an entry that was refused.
//
// A start may have lost what was written last before it, or be one with older data. So
// of its own writes a node has seen those since the start, and what was saved before. Only
// a peer that has seen more can close the gap between them.
type vector struct {
	self  uint64
	store Store

	mu   sync.Mutex // protects seen
	seen map[uint64]spans
}

// spans ascend, and there is something between each two.
type spans []wire.Span

const (
	maxSpans  = 32          // of a node: a start makes a gap. What does not fit is dropped
	aheadMost = time.Second // that a version which was seen may be ahead of the local clock
)

func newVector(store Store, saved []wire.NodeSpan) *vector {
	v := &vector{self: store.NodeID(), store: store, seen: make(map[uint64]spans)}
	for _, s := range saved {
		v.addLocked(s)
	}
	return v
}

// get returns the vector, by node. Whoever tells of it and of entries takes the vector
// first: it must cover nothing that came in between.
func (v *vector) get() []wire.NodeSpan {
	v.mu.Lock()
	v.addLocked(wire.NodeSpan{Node: v.self, Span: wire.Span{After: v.store.Recovered().Start, Last: v.store.Applied()}})
	var list []wire.NodeSpan
	for node, ranges := range v.seen {
		for _, s := range ranges {
			list = append(list, wire.NodeSpan{Node: node, Span: s})
		}
	}
	v.mu.Unlock()
	slices.SortFunc(list, wire.NodeSpan.Compare)
	return list
}

// Versions returns what has been seen, to be kept over a restart, and the LSN up to which
// the log has all of it.
func (s *Replicator) Versions() (seen []wire.NodeSpan, lsn uint64) {
	seen = s.seen.get() // before the LSN
	return seen, s.opts.Store.LSN()
}

// agreed takes over what a peer has seen, or what a push has brought.
func (v *vector) agreed(list []wire.NodeSpan) {
	limit := uint64(max(0, time.Now().Add(aheadMost).UnixMilli())) << 16
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, s := range list {
		if s.Last <= limit {
			v.addLocked(s)
		}
	}
}

func (v *vector) addLocked(s wire.NodeSpan) {
	if s.Last <= s.After {
		return
	}
	list, known := v.seen[s.Node]
	if !known && len(v.seen) >= wire.MaxNodes {
		v.evictLocked()
	}
	v.seen[s.Node] = list.add(s.Span)
}

func (v *vector) evictLocked() {
	var oldest, least uint64
	for node, list := range v.seen {
		if last := list[len(list)-1].Last; node != v.self && (least == 0 || last < least) {
			oldest, least = node, last
		}
	}
	delete(v.seen, oldest)
}

// add returns the spans with s, joined with those that it touches.
func (l spans) add(s wire.Span) spans {
	joined := make(spans, 0, len(l)+1)
	for _, o := range l {
		switch {
		case o.Last < s.After || s.Last < o.After:
			joined = append(joined, o)
		default:
			s = wire.Span{After: min(s.After, o.After), Last: max(s.Last, o.Last)}
		}
	}
	i, _ := slices.BinarySearchFunc(joined, s, func(a, b wire.Span) int { return cmp.Compare(a.After, b.After) })
	joined = slices.Insert(joined, i, s)
	if len(joined) > maxSpans {
		shortest := slices.MinFunc(joined, func(a, b wire.Span) int { return cmp.Compare(a.Last-a.After, b.Last-b.After) })
		i := slices.Index(joined, shortest)
		joined = slices.Delete(joined, i, i+1)
	}
	return joined
}

func (l spans) cover(t uint64) bool {
	return slices.ContainsFunc(l, func(s wire.Span) bool { return s.After < t && t <= s.Last })
}

// deletedBy returns a function that tells of a version, which the node with this vector
// lacks, whether it has deleted it: it has seen it, and a tombstone can have been purged.
func deletedBy(seen []wire.NodeSpan, grace time.Duration, now time.Time) func(engine.Version) bool {
	byNode := make(map[uint64]spans)
	for _, s := range seen {
		byNode[s.Node] = append(byNode[s.Node], s.Span)
	}
	old := uint64(max(0, now.Add(-grace).UnixMilli())) << 16
	return func(v engine.Version) bool { return v.Time < old && byNode[v.Node].cover(v.Time) }
}
