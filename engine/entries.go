package engine

import (
	"cmp"
	"slices"
	"time"
)

// Entries calls f with each entry whose key hash is in keyHashes, which must be
// ascending, in the order of the hashes, until f returns false. The Entry is valid
// during the call, in which f must not call the store: a lock is held. Tombstones and
// expired entries that are no longer to be taken over, see Merge, are left out.
func (s *Store) Entries(keyHashes []uint64, f func(e *Entry) bool) {
	at := s.retention.tick(time.Now()).UnixMilli()
	for len(keyHashes) > 0 {
		sh := s.shards.ofHash(keyHashes[0])
		n := 1
		for n < len(keyHashes) && s.shards.ofHash(keyHashes[n]) == sh {
			n++
		}
		goOn := sh.entries(keyHashes[:n], func(e *Entry) bool {
			if s.retention.over(e, at) {
				return true
			}
			return f(&Entry{Key: e.Key, Value: e.Value, Version: e.Version, Created: e.Created, Expires: e.Expires, Tombstone: e.Tombstone})
		})
		if !goOn {
			return
		}
		keyHashes = keyHashes[n:]
	}
}

// entries calls f with the entries of a shard whose key hash is in keyHashes, in that
// order, until f returns false, and tells whether it never did. The read lock is held.
func (s *shard) entries(keyHashes []uint64, f func(e *Entry) bool) bool {
	type match struct {
		hash uint64
		at   ref
	}
	var found []match
	s.mu.RLock()
	defer s.mu.RUnlock()
	s.all(func(at ref, e *Entry) {
		h := KeyHash(e.Key)
		if _, ok := slices.BinarySearch(keyHashes, h); ok {
			found = append(found, match{h, at})
		}
	})
	slices.SortFunc(found, func(a, b match) int { return cmp.Compare(a.hash, b.hash) })
	for _, m := range found {
		e := decodeEntry(s.arena.bytes(m.at))
		if !f(&e) {
			return false
		}
	}
	return true
}
