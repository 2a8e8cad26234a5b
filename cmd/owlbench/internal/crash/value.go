package crash

import (
	"encoding/binary"
	"math/rand/v2"

	"github.com/cespare/xxhash/v2"
)

const seqSize = 8 // of the number that a value starts with

// valueOf returns the value of set number seq of a key: its number and random bytes, or
// nothing. The same arguments give the same value.
func valueOf(seed uint64, key string, seq uint64) []byte {
	rng := rand.New(rand.NewPCG(seed^xxhash.Sum64String(key), seq))
	size := valueSize(rng)
	if size == 0 {
		return nil
	}
	value := make([]byte, seqSize, seqSize+size+8)
	binary.BigEndian.PutUint64(value, seq)
	for len(value) < seqSize+size {
		value = binary.LittleEndian.AppendUint64(value, rng.Uint64())
	}
	return value[:seqSize+size]
}

// valueSize draws a size: most are small, some empty, a few larger than a page
// or than a small log segment.
func valueSize(rng *rand.Rand) int {
	switch n := rng.IntN(2048); {
	case n < 128:
		return 0
	case n < 160:
		return rng.IntN(32 << 10)
	case n < 161:
		return rng.IntN(1536 << 10)
	default:
		return 1 + rng.IntN(200)
	}
}

// valueSeq returns the number of the set that wrote a value, 0 if the value does not tell.
func valueSeq(value []byte) uint64 {
	if len(value) < seqSize {
		return 0
	}
	return binary.BigEndian.Uint64(value)
}
