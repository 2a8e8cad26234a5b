package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"testing"

	"owlcache/engine/internal/memory"
)

// TestReadersSeeWholeValues reads small and large values while they are replaced in
// place, moved and given another expiry.
func TestReadersSeeWholeValues(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{Sync: "no", SegmentSize: 1 << 20})
	const rounds = 1000
	var writers, readers sync.WaitGroup
	stop := make(chan struct{})
	writers.Go(func() {
		for i := range rounds {
			n := []int{100, memory.LargeSize + 4000, 100, memory.LargeSize + 500, 3000}[i%5]
			if _, err := s.Set(fmt.Appendf(nil, "k%d", i%3), bytes.Repeat([]byte{byte(i)}, n), 0); err != nil {
				t.Error(err)
				return
			}
		}
	})
	writers.Go(func() {
		for i := range rounds {
			if _, err := s.Expire(fmt.Appendf(nil, "k%d", i%3), inFuture()); err != nil && !errors.Is(err, ErrNotFound) {
				t.Error(err)
				return
			}
		}
	})
	for range 2 {
		readers.Go(func() {
			var v []byte
			for i := 0; ; i++ {
				runtime.Gosched() // or two of these leave the committer no processor
				select {
				case <-stop:
					return
				default:
				}
				var m Meta
				var ok bool
				v, m, ok = s.Get(v[:0], fmt.Appendf(nil, "k%d", i%3))
				if ok && (len(v) != m.Size || bytes.Count(v, v[:1]) != len(v)) {
					t.Errorf("torn: %d bytes, %d were stored", len(v), m.Size)
					return
				}
			}
		})
	}
	writers.Wait()
	close(stop)
	readers.Wait()
}

// TestCloseEndsCheckpoints: when Close returns, nobody touches the directory any
// more.
func TestCloseEndsCheckpoints(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{Sync: "no", CheckpointLogBytes: 1 << 40})
	value := bytes.Repeat([]byte("v"), 1000)
	ops := make([]Op, 20_000)
	for i := range ops {
		ops[i] = Op{Kind: Set, Key: fmt.Appendf(nil, "k%d", i), Value: value}
	}
	if err := s.Commit(ops); err != nil {
		t.Fatal(err)
	}
	s.checkpoint.folder.batchKeys = 50
	done := make(chan error, 1)
	go func() { done <- s.Checkpoint(context.Background()) }()
	waitUntil(t, func() bool { _, err := os.Stat(s.snapshotPath() + ".tmp"); return err == nil })
	mustStop(t, s)
	if !s.checkpoint.folding.TryLock() {
		t.Fatal("the checkpoint goes on after Close")
	}
	s.checkpoint.folding.Unlock()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatalf("checkpoint: %v", err)
	}
	if err := s.Checkpoint(context.Background()); !errors.Is(err, ErrClosed) {
		t.Fatalf("checkpoint after Close: %v", err)
	}
	s = startNode(t, s.dir.Path(), Options{})
	wantValue(t, s, "k19999", string(value))
}
