package memory

import (
	"bytes"
	"testing"
)

func TestSlabMakesCopies(t *testing.T) {
	var s Slab
	var copies [][]byte
	src := make([]byte, 2*slabMax)
	for i := range 3000 {
		n := i * 7 % (slabMax + 100)
		for j := range n {
			src[j] = byte(i)
		}
		copies = append(copies, s.Clone(src[:n]))
	}
	for i, c := range copies {
		if n := i * 7 % (slabMax + 100); len(c) != n || bytes.Count(c, []byte{byte(i)}) != n {
			t.Fatalf("copy %d has changed", i)
		}
		_ = append(c, 'x') // must not write into the next one
	}
	for i, c := range copies {
		if bytes.Count(c, []byte{byte(i)}) != len(c) {
			t.Fatalf("copy %d was overwritten", i)
		}
	}
}
