package gossip

import (
	"maps"
	"slices"
	"sync"
	"time"

	"owlcache/engine"
)

// vector is what a node has seen: for each node a version time up to which it has had
// every write of that one, or what took its place. (A version vector: Parker et al.,
// 1983.) Such a fact stays true for ever. So of an entry that a peer lacks, and that its
// vector covers, is known: the peer has had it, and has deleted it since.
//
// It grows with pushes that follow each other without a gap, and with each agreement:
// then this node has all that the peer has, so it has seen what the peer has seen. It
// never grows over an entry that was refused.
type vector struct {
	self  uint64
	store Store

	mu      sync.Mutex        // protects what follows
	intact  bool              // the data is as new as the vector that was saved with it
	seen    map[uint64]uint64 // by node; of this one only what peers tell
	settled bool              // has agreed with a peer since the start
	waiting []interval        // have arrived before what lies in front of them
}

// interval tells that a message carries all writes of a node with versions behind after,
// up to last.
type interval struct{ node, after, last uint64 }

// Bounds of a vector.
const (
	maxSeen    = 1024 // nodes
	maxWaiting = 256
)

// versionOf is an element of a vector in a message.
type versionOf struct{ node, time uint64 }

// newVector returns the vector that was saved, unless the data is older than that: then
// what it tells may be gone.
func newVector(store Store, saved map[uint64]uint64) *vector {
	v := &vector{self: store.NodeID(), store: store, seen: make(map[uint64]uint64)}
	found := store.Recovered()
	v.intact = saved[v.self] > 0 && found >= saved[v.self]
	if found == 0 || found < saved[v.self] {
		return v
	}
	for node, t := range saved {
		if node != v.self {
			v.raise(node, t)
		}
	}
	return v
}

// own returns how much this node has of its own writes. After a start that may be less
// than it once wrote: its directory may be an older copy, or one that was repaired. A peer
// that it has agreed with has given it the rest.
func (v *vector) own() uint64 {
	switch {
	case v.settled:
		return max(v.seen[v.self], v.store.Applied())
	case v.intact:
		return v.store.Recovered()
	}
	return 0
}

// get returns the vector, ascending by node. Whoever tells of it and of entries takes the
// vector first: it must cover nothing that came in between.
func (v *vector) get() []versionOf {
	v.mu.Lock()
	defer v.mu.Unlock()
	list := []versionOf{{v.self, v.own()}}
	for node, t := range v.seen {
		if node != v.self {
			list = append(list, versionOf{node, t})
		}
	}
	slices.SortFunc(list, func(a, b versionOf) int {
		if a.node < b.node {
			return -1
		}
		return 1
	})
	return list
}

// toSave returns what is worth keeping over a restart. What it says of this node is by
// what newVector tells whether the data is as new.
func (v *vector) toSave() map[uint64]uint64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	list := maps.Clone(v.seen)
	list[v.self] = v.store.Applied()
	return list
}

// agreed takes over what a peer has seen: this node has all that the peer had then.
func (v *vector) agreed(peers []versionOf) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.settled = true
	for _, p := range peers {
		v.raise(p.node, p.time)
	}
	v.advance()
}

// received notes that all writes of an interval have been merged.
func (v *vector) received(i interval) {
	if i.last <= i.after {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.waiting) == maxWaiting {
		v.waiting = v.waiting[1:] // the next agreement makes up for it
	}
	v.waiting = append(v.waiting, i)
	v.advance()
}

// advance takes in the intervals that join what has been seen, and drops those that tell
// nothing new. v.mu is held.
func (v *vector) advance() {
	for again := true; again; {
		again = false
		v.waiting = slices.DeleteFunc(v.waiting, func(i interval) bool {
			seen := v.seen[i.node]
			if seen >= i.after && seen < i.last {
				v.raise(i.node, i.last)
				again = true
			}
			return i.last <= v.seen[i.node]
		})
	}
}

// raise notes that writes of node up to t have been seen. v.mu is held.
func (v *vector) raise(node, t uint64) {
	if _, known := v.seen[node]; !known && len(v.seen) >= maxSeen {
		return
	}
	v.seen[node] = max(v.seen[node], t)
}

// deletedBy returns a function that tells of an entry of a version, which the node with
// this vector has not got, whether it has deleted it: it has seen it, and it is so old that
// a tombstone of it can have been purged. Without a tombstone in between, younger ones
// were lost there.
func deletedBy(seen []versionOf, grace time.Duration, now time.Time) func(engine.Version) bool {
	byNode := make(map[uint64]uint64, len(seen))
	for _, s := range seen {
		byNode[s.node] = s.time
	}
	old := uint64(max(0, now.Add(-grace).UnixMilli())) << 16
	return func(v engine.Version) bool { return v.Time < old && v.Time <= byNode[v.Node] }
}
