package engine

import (
	"cmp"
	"slices"
	"time"

	"owlcache/engine/internal/format"
	"owlcache/engine/internal/memory"
)

// Item is what a node tells of an entry when two compare what they hold.
type Item struct {
	Hash      uint64 // KeyHash of its key
	Version   Version
	Tombstone bool
}

// HashRange is the key hashes from First to Last, both included.
type HashRange = memory.HashRange

// Items appends to dst an Item for each entry whose key hash lies in ranges, which
// must be ascending and disjoint, ordered by hash, then version. Expired entries and
// tombstones are among them, as they are in the Digest. An entry that is there all the
// time is in the result once.
func (s *Store) Items(dst []Item, ranges []HashRange) []Item {
	start := len(dst)
	s.table.Range(ranges, func(keyHash uint64, e *Entry) {
		dst = append(dst, Item{Hash: keyHash, Version: e.Version, Tombstone: e.Tombstone})
	})
	slices.SortFunc(dst[start:], compareItems)
	return dst
}

func compareItems(a, b Item) int {
	return cmp.Or(cmp.Compare(a.Hash, b.Hash), a.Version.Compare(b.Version))
}

// Entries calls f with each entry whose key hash is in keyHashes, which must be
// ascending, in the order of the hashes, until f returns false. The Entry is valid
// during the call, in which f must not call the store: a lock is held. Tombstones and
// expired entries that are no longer to be taken over, see Merge, are left out.
func (s *Store) Entries(keyHashes []uint64, f func(e *Entry) bool) {
	at := s.retention.tick(time.Now()).UnixMilli()
	s.table.Find(keyHashes, func(_ uint64, e *Entry) bool { return s.retention.over(e, at) || f(e) })
}

// Buckets is how many parts a Digest has.
const Buckets = format.Buckets

// Digest tells two stores apart.
type Digest = format.Digest

// KeyHash is the hash of a key that all nodes agree on.
func KeyHash(key []byte) uint64 { return format.KeyHash(key) }

// Digest fills d. Writes go on meanwhile: each shard is looked at under its lock.
func (s *Store) Digest(d *Digest) {
	s.table.Digest(d)
}
