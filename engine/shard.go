package engine

import (
	"encoding/binary"
	"hash/maphash"
	"sync"

	"owlcache/engine/internal/format"
)

// le is the byte order of everything that is stored.
var le = binary.LittleEndian

// An entry in an arena:
//
//	 0  8  version time           24  6  expires, Unix ms
//	 8  8  version node           30  4  length v of the value
//	16  8  created, Unix ns       34  2  length k of the key (14 bits) and flags
//	                              36  k  key, then v bytes of value
const (
	offTime    = 0
	offNode    = 8
	offCreated = 16
	offExpires = 24
	offValLen  = 30
	offKeyLen  = 34
	entryFixed = 36

	keyLenMask  = 1<<14 - 1
	flagDead    = 1 << 14 // the entry has been replaced or removed
	flagDeleted = 1 << 15 // tombstone
)

// shard holds the entries of one part of the keys: an index of slots and an arena
// of bytes, neither with a pointer per entry, so that the garbage collector has
// nothing to walk.
type shard struct {
	seed maphash.Seed // of the hashes of keys

	mu     sync.RWMutex // protects what follows
	index  index
	arena  arena
	count  shardCount
	digest [shardBuckets]uint64 // its buckets of the store's Digest
}

// shardCount is what a shard holds, kept up to date with each change.
type shardCount struct {
	keys, expiring, tombstones int64
	bytes                      int64 // of keys and values
}

func (c *shardCount) add(e *format.Entry, n int64) {
	c.bytes += n * int64(len(e.Key)+len(e.Value))
	switch {
	case e.Tombstone:
		c.tombstones += n
	default:
		c.keys += n
		if e.Expires != 0 {
			c.expiring += n
		}
	}
}

// account counts an entry that comes (n = 1) or goes (n = -1).
func (s *shard) account(keyHash uint64, e *format.Entry, n int64) {
	s.count.add(e, n)
	s.digest[keyHash>>(64-format.BucketBits)%shardBuckets] ^= format.Fingerprint(keyHash, e.Version, e.Tombstone)
}

// find returns the slot and the place of key.
func (s *shard) find(h hashes, key []byte) (slot int, at ref, ok bool) {
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
func (s *shard) get(h hashes, dst, key []byte, limit int, now func() int64) ([]byte, format.Meta, bool) {
	s.mu.RLock()
	if s.index.used == 0 {
		s.mu.RUnlock()
		return dst, format.Meta{}, false
	}
	_, at, ok := s.find(h, key)
	if !ok {
		s.mu.RUnlock()
		return dst, format.Meta{}, false
	}
	b := s.arena.bytes(at)
	e := decodeEntry(b)
	if e.Tombstone || e.Expires != 0 && e.Expires <= now() {
		s.mu.RUnlock()
		return dst, format.Meta{}, false
	}
	meta := e.Meta()
	if len(e.Value) > limit {
		s.mu.RUnlock()
		return dst, meta, true
	}
	if s.arena.isAlone(at) {
		// The value is never written again: copied without keeping anybody waiting.
		s.mu.RUnlock()
		return append(dst, e.Value...), meta, true
	}
	dst = append(dst, e.Value...)
	s.mu.RUnlock()
	return dst, meta, true
}

// peek returns the entry under key, live or not, without its key and value.
func (s *shard) peek(h hashes, key []byte) (e format.Entry, size int, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.index.used == 0 {
		return format.Entry{}, 0, false
	}
	_, at, ok := s.find(h, key)
	if !ok {
		return format.Entry{}, 0, false
	}
	e = decodeEntry(s.arena.bytes(at))
	size = len(e.Value)
	e.Key, e.Value = nil, nil
	return e, size, true
}

// put stores e if there is no entry or it supersedes that, and tells whether it did.
func (s *shard) put(h hashes, e *format.Entry) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.index.used > 0 {
		if slot, at, ok := s.find(h, e.Key); ok {
			return s.replace(h, slot, at, e)
		}
	}
	at := s.arena.add(e)
	s.index.insert(tagOf(h.index), at)
	s.account(h.key, e, 1)
	return true
}

func (s *shard) replace(h hashes, slot int, at ref, e *format.Entry) bool {
	b := s.arena.bytes(at)
	old := decodeEntry(b)
	if !e.Supersedes(&old) {
		return false
	}
	s.account(h.key, &old, -1)
	s.account(h.key, e, 1)
	if len(old.Value) == len(e.Value) && !s.arena.isAlone(at) {
		encodeEntry(b, e)
		return true
	}
	s.index.slots[slot] = slotOf(tagOf(s.index.slots[slot]), s.arena.add(e))
	s.kill(at)
	return true
}

// touch moves the expiry of key, if its entry is older than version.
func (s *shard) touch(h hashes, key []byte, version format.Version, expires int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.index.used == 0 {
		return false
	}
	_, at, ok := s.find(h, key)
	if !ok {
		return false
	}
	b := s.arena.bytes(at)
	e := decodeEntry(b)
	if e.Tombstone || e.Version.Compare(version) >= 0 {
		return false
	}
	s.account(h.key, &e, -1)
	e.Version, e.Expires = version, expires
	s.account(h.key, &e, 1)
	encodeHead(b, &e)
	return true
}

// remove drops the entry of key, if it is not newer than version.
func (s *shard) remove(h hashes, key []byte, version format.Version) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.index.used == 0 {
		return false
	}
	slot, at, ok := s.find(h, key)
	if !ok {
		return false
	}
	e := decodeEntry(s.arena.bytes(at))
	if e.Version.Compare(version) > 0 {
		return false
	}
	s.account(h.key, &e, -1)
	s.index.remove(slot)
	s.kill(at)
	return true
}

// kill marks the entry at as garbage and, when there is much of it, makes room.
func (s *shard) kill(at ref) {
	s.arena.kill(at)
	if victim, ok := s.arena.victim(); ok {
		s.evacuate(victim)
	}
}

// evacuate moves what is still used in a chunk elsewhere and frees the chunk.
func (s *shard) evacuate(chunk uint32) {
	s.arena.retire(chunk)
	s.arena.each(chunk, func(at ref, e *format.Entry) {
		slot := s.index.locate(tagOf(maphash.Bytes(s.seed, e.Key)), at)
		s.index.slots[slot] = slotOf(tagOf(s.index.slots[slot]), s.arena.add(e))
	})
	s.arena.free(chunk)
}

// eachChunk calls f with the entries of one chunk after the other, holding the
// read lock for one chunk at a time. The entry is valid during the call. Entries
// that move meanwhile may be missed or seen twice.
func (s *shard) eachChunk(f func(e *format.Entry)) {
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

// all calls f with all entries. The caller holds the lock.
func (s *shard) all(f func(at ref, e *format.Entry)) {
	for id := range s.arena.chunks {
		s.arena.each(uint32(id), f)
	}
}

// copyDigest fills d with the shard's buckets of the digest.
func (s *shard) copyDigest(d *[shardBuckets]uint64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	*d = s.digest
}

func (s *shard) stats() (c shardCount, mem int64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.count, int64(len(s.index.slots))*8 + s.arena.size
}

func keyLen(b []byte) int   { return int(le.Uint16(b[offKeyLen:])) & keyLenMask }
func valueLen(b []byte) int { return int(le.Uint32(b[offValLen:])) }
func entryLen(b []byte) int { return entryFixed + keyLen(b) + valueLen(b) }

// keyIn returns the key of the entry that begins b.
func keyIn(b []byte) []byte { return b[entryFixed : entryFixed+keyLen(b)] }

func decodeEntry(b []byte) format.Entry {
	k := entryFixed + keyLen(b)
	return format.Entry{
		Key:       b[entryFixed:k],
		Value:     b[k : k+valueLen(b)],
		Version:   format.Version{Time: le.Uint64(b[offTime:]), Node: le.Uint64(b[offNode:])},
		Created:   int64(le.Uint64(b[offCreated:])),
		Expires:   int64(le.Uint64(b[offExpires:]) & format.MaxExpires),
		Tombstone: le.Uint16(b[offKeyLen:])&flagDeleted != 0,
	}
}

// encodeHead writes all of e but the key and the value.
func encodeHead(b []byte, e *format.Entry) {
	le.PutUint64(b[offTime:], e.Version.Time)
	le.PutUint64(b[offNode:], e.Version.Node)
	le.PutUint64(b[offCreated:], uint64(e.Created))
	le.PutUint64(b[offExpires:], uint64(e.Expires)) // its upper two bytes are written over:
	le.PutUint32(b[offValLen:], uint32(len(e.Value)))
	length := uint16(len(e.Key))
	if e.Tombstone {
		length |= flagDeleted
	}
	le.PutUint16(b[offKeyLen:], length)
}

func encodeEntry(b []byte, e *format.Entry) {
	encodeHead(b, e)
	copy(b[entryFixed:], e.Key)
	copy(b[entryFixed+len(e.Key):], e.Value)
}
