package gossip

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"owlcache/engine"
)

// vector is what a node has seen: for each node, of which ranges of versions it has had
// every write of that one, or what took its place. (A version vector with gaps: Parker et
// al., 1983; Malkhi and Terry, 2005.) Such a fact stays true for ever. So of an entry
// that a peer lacks, and that its vector covers, is known: the peer has had it, and has
// deleted it since.
//
// It grows with each push, which says what it carries, and with each agreement: then this
// node has all that the peer has, so it has seen what the peer has seen. It never grows
// over an entry that was refused.
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
type spans []span

// Bounds of a vector. What does not fit is dropped: less is covered then.
const (
	maxSeen  = 1024 // nodes
	maxSpans = 32   // for each: a start makes a gap
)

// aheadMost is how far ahead of the local clock a version may be that is said to be seen.
const aheadMost = time.Second

// newVector returns the vector that was saved.
func newVector(store Store, saved []spanOf) *vector {
	v := &vector{self: store.NodeID(), store: store, seen: make(map[uint64]spans)}
	for _, s := range saved {
		v.addLocked(s)
	}
	return v
}

// get returns the vector, by node. Whoever tells of it and of entries takes the vector
// first: it must cover nothing that came in between.
func (v *vector) get() []spanOf {
	v.mu.Lock()
	v.addLocked(spanOf{v.self, span{v.store.Recovered().Start, v.store.Applied()}})
	var list []spanOf
	for node, ranges := range v.seen {
		for _, s := range ranges {
			list = append(list, spanOf{node, s})
		}
	}
	v.mu.Unlock()
	slices.SortFunc(list, spanOf.compare)
	return list
}

// versions returns what has been seen, to be kept over a restart, and the LSN up to which
// the log has all of it.
func (s *syncer) versions() (seen []spanOf, lsn uint64) {
	seen = s.seen.get() // before the LSN
	return seen, s.opts.Store.LSN()
}

// agreed takes over what a peer has seen: this node has all that the peer had then. It is
// also for what a push has brought.
func (v *vector) agreed(list []spanOf) {
	limit := uint64(max(0, time.Now().Add(aheadMost).UnixMilli())) << 16
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, s := range list {
		if s.last <= limit {
			v.addLocked(s)
		}
	}
}

// addLocked adds a span.
func (v *vector) addLocked(s spanOf) {
	if s.last <= s.after {
		return
	}
	list, known := v.seen[s.node]
	if !known && len(v.seen) >= maxSeen {
		v.evictLocked()
	}
	v.seen[s.node] = list.add(s.span)
}

// evictLocked drops the node whose writes are the oldest.
func (v *vector) evictLocked() {
	var oldest uint64
	var least uint64
	for node, list := range v.seen {
		if last := list[len(list)-1].last; node != v.self && (least == 0 || last < least) {
			oldest, least = node, last
		}
	}
	delete(v.seen, oldest)
}

// add returns the spans with s, joined with those that it touches.
func (l spans) add(s span) spans {
	joined := make(spans, 0, len(l)+1)
	for _, o := range l {
		switch {
		case o.last < s.after || s.last < o.after:
			joined = append(joined, o)
		default:
			s = span{min(s.after, o.after), max(s.last, o.last)}
		}
	}
	i, _ := slices.BinarySearchFunc(joined, s, func(a, b span) int { return cmp.Compare(a.after, b.after) })
	joined = slices.Insert(joined, i, s)
	if len(joined) > maxSpans {
		joined = joined.withoutShortest()
	}
	return joined
}

func (l spans) withoutShortest() spans {
	shortest := 0
	for i, s := range l {
		if s.last-s.after < l[shortest].last-l[shortest].after {
			shortest = i
		}
	}
	return slices.Delete(l, shortest, shortest+1)
}

func (l spans) cover(t uint64) bool {
	return slices.ContainsFunc(l, func(s span) bool { return s.after < t && t <= s.last })
}

// deletedBy returns a function that tells of an entry of a version, which the node with
// this vector has not got, whether it has deleted it: it has seen it, and it is so old that
// a tombstone of it can have been purged. Without a tombstone in between, younger ones
// were lost there.
func deletedBy(seen []spanOf, grace time.Duration, now time.Time) func(engine.Version) bool {
	byNode := make(map[uint64]spans)
	for _, s := range seen {
		byNode[s.node] = append(byNode[s.node], s.span)
	}
	old := uint64(max(0, now.Add(-grace).UnixMilli())) << 16
	return func(v engine.Version) bool { return v.Time < old && byNode[v.Node].cover(v.Time) }
}
