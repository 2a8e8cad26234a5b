package memory

import (
	"cmp"
	"slices"

	"owlcache/engine/internal/format"
)

// HashRange is the key hashes from First to Last, both included.
type HashRange struct{ First, Last uint64 }

// Range calls f with each entry whose key hash lies in ranges, which must be ascending
// and disjoint, and with that hash. An entry that is there all the time comes once: each
// shard is looked at under its lock, in the order of the hashes. f must not call the
// table. The entry is valid during the call.
func (t *Table) Range(ranges []HashRange, f func(keyHash uint64, e *format.Entry)) {
	for i := range t.list {
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
			t.list[i].inRanges(ranges[:n], f)
		}
	}
}

func (s *Shard) inRanges(ranges []HashRange, f func(keyHash uint64, e *format.Entry)) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	s.allLocked(func(_ ref, e *format.Entry) {
		if h := format.KeyHash(e.Key); inRanges(ranges, h) {
			f(h, e)
		}
	})
}

func inRanges(ranges []HashRange, h uint64) bool {
	i, ok := slices.BinarySearchFunc(ranges, h, func(r HashRange, h uint64) int { return cmp.Compare(r.First, h) })
	return ok || i > 0 && h <= ranges[i-1].Last
}

// Find calls f with each entry whose key hash is in keyHashes, which must be ascending, in
// that order, until f returns false. f must not call the table. The entry is valid during
// the call.
func (t *Table) Find(keyHashes []uint64, f func(keyHash uint64, e *format.Entry) bool) {
	for len(keyHashes) > 0 {
		s := t.ofHash(keyHashes[0])
		n := 1
		for n < len(keyHashes) && t.ofHash(keyHashes[n]) == s {
			n++
		}
		if !s.matching(keyHashes[:n], f) {
			return
		}
		keyHashes = keyHashes[n:]
	}
}

// matching does Find in one shard, and tells whether f never returned false.
func (s *Shard) matching(keyHashes []uint64, f func(keyHash uint64, e *format.Entry) bool) bool {
	type match struct {
		hash uint64
		at   ref
	}
	var found []match
	s.mu.RLock()
	defer s.mu.RUnlock()
	s.allLocked(func(at ref, e *format.Entry) {
		h := format.KeyHash(e.Key)
		if _, ok := slices.BinarySearch(keyHashes, h); ok {
			found = append(found, match{h, at})
		}
	})
	slices.SortFunc(found, func(a, b match) int { return cmp.Compare(a.hash, b.hash) })
	for _, m := range found {
		e := decodeEntry(s.arena.bytes(m.at))
		if !f(m.hash, &e) {
			return false
		}
	}
	return true
}
