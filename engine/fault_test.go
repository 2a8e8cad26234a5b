package engine

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"

	"go.etcd.io/bbolt"

	"owlcache/wal/crashfs"
)

func TestFailedSyncMakesReadOnlyUntilRestart(t *testing.T) {
	for _, kind := range []crashfs.Kind{crashfs.Sync, crashfs.Write} {
		t.Run(string(kind), func(t *testing.T) {
			fs := crashfs.New()
			s := startNode(t, t.TempDir(), Options{logFS: fs})
			mustSet(t, s, "before", "x", 0)
			sub := s.Subscribe(1 << 20)
			defer sub.Close()
			fs.Inject = func(op crashfs.Op) error {
				if op.Kind == kind {
					return syscall.EIO
				}
				return nil
			}
			if _, err := s.Set([]byte("lost"), []byte("x"), 0); !errors.Is(err, ErrReadOnly) {
				t.Fatalf("set: %v", err)
			}
			fs.Inject = nil
			wantMiss(t, s, "lost")
			wantValue(t, s, "before", "x")
			if err := s.Delete([]byte("before")); !errors.Is(err, ErrReadOnly) {
				t.Fatalf("the failed log was used again: %v", err)
			}
			if state, err := s.Health(); state != ReadOnly || !errors.Is(err, syscall.EIO) {
				t.Fatalf("health: %v, %v", state, err)
			}
			if err := s.stop(); !errors.Is(err, ErrReadOnly) {
				t.Fatalf("close: %v", err)
			}
			if c, ok := sub.Next(context.Background()); ok {
				t.Fatalf("a subscriber saw %+v", c)
			}
			s = startNode(t, s.dir.Path(), Options{logFS: fs.Crash(fs.Len(), crashfs.Survivals(0, 0)[0])})
			wantValue(t, s, "before", "x")
			mustSet(t, s, "after", "x", 0)
		})
	}
}

func TestFullDiskRefusesAndHealsByItself(t *testing.T) {
	fs := crashfs.New()
	var full atomic.Bool
	fs.Inject = func(op crashfs.Op) error {
		if full.Load() && (op.Kind == crashfs.Write || op.Kind == crashfs.Allocate) {
			return syscall.ENOSPC
		}
		return nil
	}
	s := startNode(t, t.TempDir(), Options{logFS: fs})
	mustSet(t, s, "before", "x", 0)
	full.Store(true)
	for range 3 {
		if _, err := s.Set([]byte("refused"), []byte("x"), 0); !errors.Is(err, ErrNoSpace) {
			t.Fatalf("set: %v", err)
		}
	}
	wantMiss(t, s, "refused")
	wantValue(t, s, "before", "x")
	if state, err := s.Health(); state != DiskFull || err == nil {
		t.Fatalf("health: %v, %v", state, err)
	}
	full.Store(false)
	// Nobody writes: a node that is taken out of service must find out on its own.
	waitUntil(t, func() bool { state, _ := s.Health(); return state == Writable })
	mustSet(t, s, "after", "x", 0)
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	s = startNode(t, s.dir.Path(), Options{logFS: fs})
	wantMiss(t, s, "refused")
	wantValue(t, s, "before", "x")
	wantValue(t, s, "after", "x")
}

// stopAfter is a context that ends when it has been asked n times.
type stopAfter struct {
	context.Context
	n atomic.Int64
}

func (c *stopAfter) Err() error {
	if c.n.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

// TestInterruptedCheckpointCostsNothing stops checkpoints between two of their
// transactions and restarts.
func TestInterruptedCheckpointCostsNothing(t *testing.T) {
	for n := range int64(12) {
		s := startNode(t, t.TempDir(), Options{SegmentSize: 4 << 10})
		for round := range 2 {
			for i := range 30 {
				mustSet(t, s, fmt.Sprint("k", i), fmt.Sprint("v", round, i), 0)
			}
			for i := range 10 {
				if err := s.Delete(fmt.Appendf(nil, "k%d", 3*i)); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := s.Expire([]byte("k1"), inFuture()); err != nil {
				t.Fatal(err)
			}
			s.checkpoint.folder.batchKeys = 4
			ctx := &stopAfter{Context: context.Background()}
			ctx.n.Store(n)
			if err := s.checkpoint.fold(ctx); (err == nil) != (n >= 8) {
				t.Fatalf("stopped after %d transactions: %v", n, err)
			}
			s = s.restart(t, Options{SegmentSize: 4 << 10})
			for i := range 30 {
				if key := fmt.Sprint("k", i); i%3 == 0 {
					wantMiss(t, s, key)
				} else {
					wantValue(t, s, key, fmt.Sprint("v", round, i))
				}
			}
			if m, _ := s.Stat([]byte("k1")); m.Expires == 0 {
				t.Fatal("the expiry is gone")
			}
		}
	}
}

func TestCheckpointDeletesTheLogAndIsCounted(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{SegmentSize: 4 << 10, compactAbove: 1})
	for i := range 500 {
		mustSet(t, s, fmt.Sprint("k", i), "some value of some length", 0)
	}
	before := s.Stats()
	if err := s.Checkpoint(context.Background()); err != nil {
		t.Fatal(err)
	}
	after := s.Stats()
	if before.Segments < 5 || after.Segments != 1 || after.LogBytes > 100 {
		t.Fatalf("segments %d, then %d of %d bytes", before.Segments, after.Segments, after.LogBytes)
	}
	if c := after.Checkpoint; c.Done != 1 || c.LSN != after.LSN || c.FileBytes == 0 || c.Time.IsZero() {
		t.Fatalf("%+v", c)
	}
	for i := range 495 {
		if err := s.Delete(fmt.Appendf(nil, "k%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Checkpoint(context.Background()); err != nil {
		t.Fatal(err)
	}
	if c := s.Stats().Checkpoint; c.Compacted == 0 || c.FileBytes >= after.Checkpoint.FileBytes {
		t.Fatalf("the file was not compacted: %+v", c)
	}
	s = s.restart(t, Options{})
	if st := s.Stats(); st.Keys != 5 || st.Recovery.LogRecords != 0 || st.Recovery.SnapshotKeys != 5 {
		t.Fatalf("%+v", st)
	}
	wantValue(t, s, "k499", "some value of some length")
}

func TestCheckpointHappensByItself(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{SegmentSize: 4 << 10, CheckpointLogBytes: 8 << 10})
	for i := range 300 {
		mustSet(t, s, fmt.Sprint("k", i), "some value of some length", 0)
	}
	waitUntil(t, func() bool { return s.Stats().Checkpoint.Done > 0 })
}

// TestCheckpointWaitsForATool: somebody who has the snapshot open puts the
// checkpoint off, and nothing else; the log is kept until then.
func TestCheckpointWaitsForATool(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{})
	mustSet(t, s, "k", "v", 0)
	if err := s.Checkpoint(context.Background()); err != nil {
		t.Fatal(err)
	}
	tool, err := bbolt.Open(s.snapshotPath(), 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatalf("the snapshot of a running node cannot be read: %v", err)
	}
	mustSet(t, s, "k2", "v", 0)
	if err := s.Checkpoint(context.Background()); err == nil {
		t.Fatal("the snapshot was written while it was read")
	}
	if err := tool.Close(); err != nil {
		t.Fatal(err)
	}
	if st := s.Stats(); st.Checkpoint.Failed != 0 || st.Checkpoint.LSN != 1 || st.Segments != 1 {
		t.Fatalf("%+v", st.Checkpoint)
	}
	if err := s.Checkpoint(context.Background()); err != nil {
		t.Fatal(err)
	}
}
