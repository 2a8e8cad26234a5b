package engine

import "owlcache/engine/internal/format"

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
