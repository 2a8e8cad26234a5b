package memory

import (
	"hash/maphash"
	"time"

	"owlcache/engine/internal/format"
)

// shardBits is the binary logarithm of the number of shards.
const shardBits = 8

// Shards is the number of shards.
const Shards = 1 << shardBits

// shardBuckets is how many buckets of the digest a shard has.
const shardBuckets = 1 << (format.BucketBits - shardBits)

// Table is the map in memory. The index of a shard goes by a hash that is seeded anew in
// each process, so that nobody can choose keys that collide there.
type Table struct {
	seed maphash.Seed
	list [Shards]Shard
}

type hashes struct {
	key   uint64 // KeyHash
	index uint64 // with the seed of the process
}

// New returns an empty table.
func New() *Table {
	t := &Table{seed: maphash.MakeSeed()}
	for i := range t.list {
		t.list[i].seed = t.seed
	}
	return t
}

func (t *Table) of(key []byte) (*Shard, hashes) {
	h := hashes{key: format.KeyHash(key), index: maphash.Bytes(t.seed, key)}
	return t.ofHash(h.key), h
}

func (t *Table) ofHash(keyHash uint64) *Shard { return &t.list[keyHash>>(64-shardBits)] }

// Get appends the value of key to dst if there is a live entry. One of more than limit
// bytes is left where it is.
func (t *Table) Get(dst, key []byte, limit int) ([]byte, format.Meta, bool) {
	s, h := t.of(key)
	return s.get(h, dst, key, limit, func() int64 { return time.Now().UnixMilli() })
}

// Value returns a copy of the value under key, also of an entry that has expired.
func (t *Table) Value(key []byte) []byte {
	s, h := t.of(key)
	v, _, _ := s.get(h, nil, key, format.MaxValueSize, func() int64 { return 0 })
	return v
}

// Peek returns the entry under key, live or not, without its key and value, and the size
// of the value.
func (t *Table) Peek(key []byte) (format.Entry, int, bool) {
	s, h := t.of(key)
	return s.peek(h, key)
}

// Apply does what a record says, unless the entry of the key is as new already.
// It is the only way into the map: for live writes, replay, replicas and snapshots.
func (t *Table) Apply(r *format.Record) bool {
	s, h := t.of(r.Key)
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

// Each calls f with all entries; see Shard.Each.
func (t *Table) Each(f func(e *format.Entry)) {
	for i := range t.list {
		t.list[i].Each(f)
	}
}

// Digest fills d. Writes go on meanwhile: each shard is looked at under its lock.
func (t *Table) Digest(d *format.Digest) {
	for i := range t.list {
		t.list[i].copyDigest((*[shardBuckets]uint64)(d[i*shardBuckets:]))
	}
}

// Stats returns what the shards hold, and how many bytes they take.
func (t *Table) Stats() (sum Count, mem int64) {
	for i := range t.list {
		c, n := t.list[i].Stats()
		sum.Keys += c.Keys
		sum.Expiring += c.Expiring
		sum.Tombstones += c.Tombstones
		sum.Bytes += c.Bytes
		mem += n
	}
	return sum, mem
}

// Shard returns one of the shards.
func (t *Table) Shard(i int) *Shard { return &t.list[i] }
