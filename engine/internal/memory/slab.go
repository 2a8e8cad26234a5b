package memory

import (
	"slices"
)

// Slab makes copies of short byte slices with few allocations: many lie in one block,
// which lives for as long as any of them. What is long gets a block of its own, so that
// no copy keeps more than slabSize bytes of others alive.
type Slab struct{ free []byte }

const (
	slabSize = 16 << 10
	slabMax  = slabSize / 4 // longer ones are long
)

// Clone returns a copy of b.
func (s *Slab) Clone(b []byte) []byte {
	if len(b) > slabMax {
		return slices.Clone(b)
	}
	if len(b) > len(s.free) {
		s.free = make([]byte, slabSize)
	}
	c := s.free[:len(b):len(b)]
	s.free = s.free[len(b):]
	copy(c, b)
	return c
}
