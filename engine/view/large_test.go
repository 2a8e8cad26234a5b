package view

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"owlcache/engine"
	"owlcache/engine/internal/testdir"
)

// TestLargestValues puts entries of the greatest size next to each other: bbolt keeps
// several of them in one leaf, which all that reads pages has to take.
func TestLargestValues(t *testing.T) {
	s := testdir.Start(t, t.TempDir(), engine.Options{})
	value := bytes.Repeat([]byte("v"), engine.MaxValueSize)
	for i := range 6 {
		key := fmt.Appendf(bytes.Repeat([]byte("k"), engine.MaxKeySize-1), "%d", i)
		if _, err := s.Set(key, value, 0); err != nil {
			t.Fatal(err)
		}
		testdir.MustCheckpoint(t, s)
	}
	n := 0
	v, err := Open(context.Background(), s.Dir.Path(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	err = v.Entries(context.Background(), nil, func(e *engine.Entry) error {
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
	testdir.MustStop(t, s)
	s = testdir.Start(t, s.Dir.Path(), engine.Options{})
	if got := s.Stats(); got.Keys != 6 || got.Recovery.SnapshotKeys != 6 {
		t.Fatalf("%+v", got)
	}
}
