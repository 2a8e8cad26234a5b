package format

import "github.com/cespare/xxhash/v2"

// Buckets is how many parts a Digest has, BucketBits its binary logarithm.
const (
	Buckets    = 1 << BucketBits
	BucketBits = 12
)

// Digest tells two stores apart: for each bucket of keys the XOR of the fingerprints
// of its entries, tombstones included, each a 64-bit hash of key, version and whether
// it is a tombstone. Stores with the same entries have the same digest, in whatever
// order they came by them. The bucket of a key is the upper 12 bits of its KeyHash.
type Digest [Buckets]uint64

// KeyHash is xxHash64 of key with seed 0: the same on all nodes and in all releases.
func KeyHash(key []byte) uint64 { return xxhash.Sum64(key) }

// Fingerprint is what an entry adds to its bucket of the digest. Nodes of all releases
// must agree on it:
//
//	mix(mix(mix(KeyHash) ^ version time) ^ version node ^ (all ones for a tombstone))
//
// Each step is one to one, so that two versions of a key by one node, or an entry and
// its tombstone, never have the same.
func Fingerprint(keyHash uint64, v Version, tombstone bool) uint64 {
	x := mix(mix(keyHash)^v.Time) ^ v.Node
	if tombstone {
		x = ^x
	}
	return mix(x)
}

// mix is the finaliser of SplitMix64 (Steele, Lea and Flood, 2014), behind the addition
// that keeps 0 from being mapped to itself.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
