package engine

import (
	"hash/maphash"
	"time"

	"owlcache/engine/internal/format"
)

// shardBits is the binary logarithm of the number of shards.
const shardBits = 8

// shardBuckets is how many buckets of the digest a shard has.
const shardBuckets = 1 << (format.BucketBits - shardBits)

// shards is the map in memory: every read is answered from it. The shard of a key is
// chosen by the upper bits of its KeyHash, so that a bucket of the digest lies in one
// shard. The index of a shard goes by a hash that is seeded anew in each process, so
// that nobody can choose keys that collide there.
type shards struct {
	seed maphash.Seed
	list [1 << shardBits]shard
}

// hashes are those of one key.
type hashes struct {
	key   uint64 // KeyHash
	index uint64 // with the seed of the process
}

func newShards() *shards {
	m := &shards{seed: maphash.MakeSeed()}
	for i := range m.list {
		m.list[i].seed = m.seed
	}
	return m
}

// of returns the shard of key and the hashes of key.
func (m *shards) of(key []byte) (*shard, hashes) {
	h := hashes{key: format.KeyHash(key), index: maphash.Bytes(m.seed, key)}
	return m.ofHash(h.key), h
}

// ofHash returns the shard of the keys with a KeyHash.
func (m *shards) ofHash(keyHash uint64) *shard { return &m.list[keyHash>>(64-shardBits)] }

func (m *shards) get(dst, key []byte) ([]byte, format.Meta, bool) {
	return m.getUpTo(dst, key, format.MaxValueSize)
}

func (m *shards) getUpTo(dst, key []byte, limit int) ([]byte, format.Meta, bool) {
	s, h := m.of(key)
	return s.get(h, dst, key, limit, nowMillis)
}

// value returns a copy of the value under key, also of an entry that has expired.
func (m *shards) value(key []byte) []byte {
	s, h := m.of(key)
	v, _, _ := s.get(h, nil, key, format.MaxValueSize, func() int64 { return 0 })
	return v
}

func (m *shards) peek(key []byte) (format.Entry, int, bool) {
	s, h := m.of(key)
	return s.peek(h, key)
}

// apply does what a record says, unless the entry of the key is as new already.
// It is the only way into the map: for live writes, replay, replicas and snapshots.
func (m *shards) apply(r *format.Record) bool {
	s, h := m.of(r.Key)
	switch r.Kind {
	case format.RecordSet, format.RecordTombstone:
		return s.put(h, &r.Entry)
	case format.RecordDelete:
		return s.remove(h, r.Key, r.Version)
	case format.RecordExpire:
		return s.touch(h, r.Key, r.Version, r.Expires)
	}
	return false
}

// each calls f with all entries; see shard.eachChunk.
func (m *shards) each(f func(e *format.Entry)) {
	for i := range m.list {
		m.list[i].eachChunk(f)
	}
}

func (m *shards) stats() (sum shardCount, mem int64) {
	for i := range m.list {
		c, n := m.list[i].stats()
		sum.keys += c.keys
		sum.expiring += c.expiring
		sum.tombstones += c.tombstones
		sum.bytes += c.bytes
		mem += n
	}
	return sum, mem
}

func nowMillis() int64 { return time.Now().UnixMilli() }
