package apitest

import (
	"cmp"
	"owlcache/engine"
	"slices"
)

// MemStore keeps what a comparison of nodes reads as entries of their own: the commands
// do not change them.

func (s *MemStore) NodeID() uint64 { return 0x1f }

func (s *MemStore) Digest(d *engine.Digest) {
	for i := range s.All {
		d[engine.KeyHash(s.All[i].Key)>>52] ^= s.All[i].Version.Time
	}
}

func (s *MemStore) Items(dst []engine.Item, ranges []engine.HashRange) []engine.Item {
	for i := 1; i < len(ranges); i++ {
		if ranges[i].First <= ranges[i-1].Last {
			panic("ranges must be ascending and disjoint")
		}
	}
	for _, e := range s.All {
		h := engine.KeyHash(e.Key)
		if slices.ContainsFunc(ranges, func(r engine.HashRange) bool { return r.First <= h && h <= r.Last }) {
			dst = append(dst, engine.Item{Hash: h, Version: e.Version, Tombstone: e.Tombstone})
		}
	}
	slices.SortFunc(dst, func(a, b engine.Item) int { return cmp.Compare(a.Hash, b.Hash) })
	return dst
}

func (s *MemStore) Entries(hashes []uint64, f func(e *engine.Entry) bool) {
	if s.OnEntries != nil {
		s.OnEntries()
	}
	sorted := slices.Clone(s.All)
	slices.SortFunc(sorted, func(a, b engine.Entry) int {
		return cmp.Compare(engine.KeyHash(a.Key), engine.KeyHash(b.Key))
	})
	for i := range sorted {
		if _, ok := slices.BinarySearch(hashes, engine.KeyHash(sorted[i].Key)); ok && !f(&sorted[i]) {
			return
		}
	}
}
