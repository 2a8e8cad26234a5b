package engine

import (
	"bytes"
	"context"
	"fmt"
	"testing"
)

// TestLargestValues puts entries of the greatest size next to each other: bbolt keeps
// several of them in one leaf, which all that reads pages has to take.
func TestLargestValues(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{})
	value := bytes.Repeat([]byte("v"), MaxValueSize)
	for i := range 6 {
		key := fmt.Appendf(bytes.Repeat([]byte("k"), MaxKeySize-1), "%d", i)
		if _, err := s.Set(key, value, 0); err != nil {
			t.Fatal(err)
		}
		mustCheckpoint(t, s)
	}
	n := 0
	v, err := OpenView(context.Background(), s.dir.Path(), ViewOptions{})
	if err != nil {
		t.Fatal(err)
	}
	err = v.Entries(context.Background(), nil, func(e *Entry) error {
		n++
		if !bytes.Equal(e.Value, value) {
			t.Error("another value")
		}
		return nil
	})
	if err != nil || n != 6 {
		t.Fatalf("%d entries, %v", n, err)
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	s = s.restart(t, Options{})
	if got := s.Stats(); got.Keys != 6 || got.Recovery.SnapshotKeys != 6 {
		t.Fatalf("%+v", got)
	}
}
