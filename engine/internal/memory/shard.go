package memory

import (
	"hash/maphash"
	"sync"

	"owlcache/engine/internal/format"
)

// Shard holds the entries of one part of the keys.
type Shard struct {
	seed maphash.Seed // of the hashes of keys

	mu     sync.RWMutex // protects what follows
	index  index
	arena  arena
	count  Count
	digest [shardBuckets]uint64 // its buckets of the store's Digest
}

// Count is what a shard holds, kept up to date with each change.
type Count struct {
	Keys, Expiring, Tombstones int64
	Bytes                      int64 // of keys and values
}

func (c *Count) add(e *format.Entry, n int64) {
	c.Bytes += n * int64(len(e.Key)+len(e.Value))
	switch {
	case e.Tombstone:
		c.Tombstones += n
	default:
		c.Keys += n
		if e.Expires != 0 {
			c.Expiring += n
		}
	}
}

// accountLocked counts an entry that comes (n = 1) or goes (n = -1).
func (s *Shard) accountLocked(keyHash uint64, e *format.Entry, n int64) {
	s.count.add(e, n)
	s.digest[keyHash>>(64-format.BucketBits)%shardBuckets] ^= format.Fingerprint(keyHash, e.Version, e.Tombstone)
}

func (s *Shard) findLocked(h hashes, key []byte) (slot int, at ref, ok bool) {
	if s.index.used == 0 {
		return 0, 0, false
	}
	tag := tagOf(h.index)
	for i := s.index.home(tag); ; i = s.index.after(i) {
		v := s.index.slots[i]
		if v == 0 {
			return 0, 0, false
		}
		if tagOf(v) == tag {
			if at := refOf(v); string(keyIn(s.arena.bytes(at))) == string(key) {
				return i, at, true
			}
		}
	}
}

// get appends the value of key to dst if there is a live entry. One of more than limit
// bytes is not appended.
func (s *Shard) get(h hashes, dst, key []byte, limit int, now func() int64) ([]byte, format.Meta, bool) {
	s.mu.RLock()
	_, at, ok := s.findLocked(h, key)
	if !ok {
		s.mu.RUnlock()
		return dst, format.Meta{}, false
	}
	e := decodeEntry(s.arena.bytes(at))
	live := !e.Tombstone && (e.Expires == 0 || now() < e.Expires)
	switch {
	case !live || len(e.Value) > limit:
		s.mu.RUnlock()
	case s.arena.isAlone(at):
		// The value is never written again: copied without keeping anybody waiting.
		s.mu.RUnlock()
		dst = append(dst, e.Value...)
	default:
		dst = append(dst, e.Value...)
		s.mu.RUnlock()
	}
	if !live {
		return dst, format.Meta{}, false
	}
	return dst, e.Meta(), true
}

// peek returns the entry under key, live or not, without its key and value.
func (s *Shard) peek(h hashes, key []byte) (e format.Entry, size int, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, at, ok := s.findLocked(h, key)
	if !ok {
		return format.Entry{}, 0, false
	}
	e = decodeEntry(s.arena.bytes(at))
	size = len(e.Value)
	e.Key, e.Value = nil, nil
	return e, size, true
}

// put stores e if there is no entry or it supersedes that, and tells whether it did.
func (s *Shard) put(h hashes, e *format.Entry) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slot, at, ok := s.findLocked(h, e.Key); ok {
		return s.replaceLocked(h, slot, at, e)
	}
	at := s.arena.add(e)
	s.index.insert(tagOf(h.index), at)
	s.accountLocked(h.key, e, 1)
	return true
}

func (s *Shard) replaceLocked(h hashes, slot int, at ref, e *format.Entry) bool {
	b := s.arena.bytes(at)
	old := decodeEntry(b)
	if !e.Supersedes(&old) {
		return false
	}
	s.accountLocked(h.key, &old, -1)
	s.accountLocked(h.key, e, 1)
	if len(old.Value) == len(e.Value) && !s.arena.isAlone(at) {
		encodeEntry(b, e)
		return true
	}
	s.index.slots[slot] = slotOf(tagOf(s.index.slots[slot]), s.arena.add(e))
	s.killLocked(at)
	return true
}

// touch moves the expiry of key, if its entry is older than version.
func (s *Shard) touch(h hashes, key []byte, version format.Version, expires int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, at, ok := s.findLocked(h, key)
	if !ok {
		return false
	}
	b := s.arena.bytes(at)
	e := decodeEntry(b)
	if e.Tombstone || e.Version.Compare(version) >= 0 {
		return false
	}
	s.accountLocked(h.key, &e, -1)
	e.Version, e.Expires = version, expires
	s.accountLocked(h.key, &e, 1)
	encodeHead(b, &e)
	return true
}

// remove drops the entry of key, if it is not newer than version.
func (s *Shard) remove(h hashes, key []byte, version format.Version) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	slot, at, ok := s.findLocked(h, key)
	if !ok {
		return false
	}
	e := decodeEntry(s.arena.bytes(at))
	if e.Version.Compare(version) > 0 {
		return false
	}
	s.accountLocked(h.key, &e, -1)
	s.index.remove(slot)
	s.killLocked(at)
	return true
}

// killLocked marks the entry at as garbage and, when there is much of it, makes room.
func (s *Shard) killLocked(at ref) {
	s.arena.kill(at)
	if victim, ok := s.arena.victim(); ok {
		s.evacuateLocked(victim)
	}
}

// evacuateLocked moves what is still used in a chunk elsewhere and frees the chunk.
func (s *Shard) evacuateLocked(chunk uint32) {
	if s.arena.active == chunk { // nothing is added to it any more
		s.arena.active = 0
	}
	s.arena.each(chunk, func(at ref, e *format.Entry) {
		slot := s.index.locate(tagOf(maphash.Bytes(s.seed, e.Key)), at)
		s.index.slots[slot] = slotOf(tagOf(s.index.slots[slot]), s.arena.add(e))
	})
	s.arena.free(chunk)
}

// Each calls f with the entries of one chunk after the other, holding the
// read lock for one chunk at a time. The entry is valid during the call. Entries
// that move meanwhile may be missed or seen twice.
func (s *Shard) Each(f func(e *format.Entry)) {
	for id := uint32(1); ; id++ {
		s.mu.RLock()
		if int(id) >= len(s.arena.chunks) {
			s.mu.RUnlock()
			return
		}
		s.arena.each(id, func(_ ref, e *format.Entry) { f(e) })
		s.mu.RUnlock()
	}
}

func (s *Shard) allLocked(f func(at ref, e *format.Entry)) {
	for id := range s.arena.chunks {
		s.arena.each(uint32(id), f)
	}
}

func (s *Shard) copyDigest(d *[shardBuckets]uint64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	*d = s.digest
}

// Stats returns what the shard holds, and how many bytes it takes.
func (s *Shard) Stats() (c Count, mem int64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.count, int64(len(s.index.slots))*8 + s.arena.size
}
