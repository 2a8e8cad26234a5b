package engine

import (
	"cmp"
	"slices"
)

// Item is what a node tells of an entry when two compare what they hold.
type Item struct {
	Hash      uint64 // KeyHash of its key
	Version   Version
	Tombstone bool
}

// HashRange is the key hashes from First to Last, both included.
type HashRange struct{ First, Last uint64 }

// Items appends to dst an Item for each entry whose key hash lies in ranges, which
// must be ascending and disjoint, ordered by hash, then version. Expired entries and
// tombstones are among them, as they are in the Digest. An entry that is there all the
// time is in the result once: each shard is looked at under its lock.
func (s *Store) Items(dst []Item, ranges []HashRange) []Item {
	for i := range s.shards.list {
		first := uint64(i) << (64 - shardBits)
		last := first | (1<<(64-shardBits) - 1)
		for len(ranges) > 0 && ranges[0].Last < first {
			ranges = ranges[1:]
		}
		n := 0
		for n < len(ranges) && ranges[n].First <= last {
			n++
		}
		if n > 0 {
			dst = s.shards.list[i].items(dst, ranges[:n])
		}
	}
	return dst
}

// items appends those of one shard.
func (s *shard) items(dst []Item, ranges []HashRange) []Item {
	start := len(dst)
	s.mu.RLock()
	s.all(func(_ ref, e *Entry) {
		if h := KeyHash(e.Key); inRanges(ranges, h) {
			dst = append(dst, Item{Hash: h, Version: e.Version, Tombstone: e.Tombstone})
		}
	})
	s.mu.RUnlock()
	slices.SortFunc(dst[start:], func(a, b Item) int {
		return cmp.Or(cmp.Compare(a.Hash, b.Hash), a.Version.Compare(b.Version))
	})
	return dst
}

// inRanges tells whether h lies in one of ranges.
func inRanges(ranges []HashRange, h uint64) bool {
	i, ok := slices.BinarySearchFunc(ranges, h, func(r HashRange, h uint64) int { return cmp.Compare(r.First, h) })
	return ok || i > 0 && h <= ranges[i-1].Last
}
