package engine

import (
	"context"
	"errors"
	"sync"
	"syscall"
	"testing"
	"time"

	"owlcache/engine/internal/format"
	"owlcache/engine/internal/memory"
	"owlcache/wal/crashfs"
)

// TestMergeBehindADelete: what the map takes, a checkpoint keeps, also an older
// write behind a delete of which nothing is remembered.
func TestMergeBehindADelete(t *testing.T) {
	for _, grace := range []time.Duration{0, time.Hour} {
		for _, before := range []bool{false, true} { // the first write is in the snapshot
			s := startNode(t, t.TempDir(), Options{TombstoneGrace: grace})
			m := mustSet(t, s, "k", "mine", 0)
			if before {
				mustCheckpoint(t, s)
			}
			if err := s.Delete([]byte("k")); err != nil {
				t.Fatal(err)
			}
			s.sweepOnce(context.Background(), time.Now().Add(2*time.Hour))
			older := m.Version
			older.Time--
			if m, err := s.Merge([]Entry{{Key: []byte("k"), Value: []byte("merged"), Version: older}}); m.Taken != 1 || err != nil {
				t.Fatalf("%+v, %v", m, err)
			}
			wantValue(t, s, "k", "merged")
			mustCheckpoint(t, s)
			s = s.restart(t, Options{})
			wantValue(t, s, "k", "merged")
			if st := s.Stats(); st.Keys != 1 || st.Recovery.SnapshotKeys != 1 {
				t.Fatalf("%+v", st)
			}
			mustStop(t, s)
		}
	}
}

// TestTombstoneOfAnExpiredEntry: it has the entry's version, so that all replicas
// make the same one and every later write wins over it; and it is kept for the grace
// from the expiry on, however old the entry was.
func TestTombstoneOfAnExpiredEntry(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{TombstoneGrace: time.Hour})
	v := Version{Time: format.HybridTime(time.Now().Add(-2 * time.Hour)), Node: 9}
	e := Entry{Key: []byte("k"), Value: []byte("x"), Version: v, Expires: time.Now().UnixMilli() + 2}
	if m, err := s.Merge([]Entry{e}); m.Taken != 1 || err != nil {
		t.Fatalf("%+v, %v", m, err)
	}
	waitUntil(t, func() bool { _, ok := s.Stat(e.Key); return !ok })
	for range 2 {
		s.sweepOnce(context.Background(), time.Now())
		if st := s.Stats(); st.Tombstones != 1 || st.Expired != 1 {
			t.Fatalf("%d tombstones, %d expired", st.Tombstones, st.Expired)
		}
	}
	if m, err := s.Merge([]Entry{e}); m.Taken != 0 || err != nil {
		t.Fatalf("the expired entry came back: %+v, %v", m, err)
	}
	mustCheckpoint(t, s)
	s = s.restart(t, Options{TombstoneGrace: time.Hour})
	s.sweepOnce(context.Background(), time.Now())
	if m, err := s.Merge([]Entry{e}); m.Taken != 0 || err != nil || s.Stats().Tombstones != 1 {
		t.Fatalf("after a restart the expired entry came back: %+v, %v", m, err)
	}
	e.Version.Time, e.Expires = v.Time+1, 0 // the next write of the same node
	if m, err := s.Merge([]Entry{e}); m.Taken != 1 || err != nil {
		t.Fatalf("a later write was refused: %+v, %v", m, err)
	}
	wantValue(t, s, "k", "x")
}

// TestSweeperLeavesWhatHasChanged: between its look and its removal a key may be
// written again.
func TestSweeperLeavesWhatHasChanged(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{})
	mustSet(t, s, "k", "old", time.Now().UnixMilli()+1)
	waitUntil(t, func() bool { _, ok := s.Stat([]byte("k")); return !ok })
	ops := sweepableNow(s)
	if len(ops) != 1 {
		t.Fatalf("%d to sweep", len(ops))
	}
	mustSet(t, s, "k", "new", 0)
	if err := s.submit(newSubmission(ops)); err != nil {
		t.Fatal(err)
	}
	wantValue(t, s, "k", "new")
	ops[0].Version, ops[0].Err = mustSet(t, s, "k", "newer", 0).Version, nil // of a live entry
	if err := s.submit(newSubmission(ops)); err != nil {
		t.Fatal(err)
	}
	wantValue(t, s, "k", "newer")
}

// sweepableNow returns what the sweeper would drop now.
func sweepableNow(s *node) (ops []Op) {
	for i := range memory.Shards {
		ops = append(ops, s.sweepable(s.table.Shard(i), time.Now().UnixMilli())...)
	}
	return ops
}

// TestSweepersMeet: what two of them find at once becomes one tombstone, which stays.
func TestSweepersMeet(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{TombstoneGrace: time.Hour})
	mustSet(t, s, "k", "v", time.Now().UnixMilli()+1)
	waitUntil(t, func() bool { _, ok := s.Stat([]byte("k")); return !ok })
	ops := sweepableNow(s)
	for range 2 {
		if err := s.submit(newSubmission(ops)); err != nil {
			t.Fatal(err)
		}
	}
	if st := s.Stats(); st.Keys != 0 || st.Tombstones != 1 || st.Expired != 1 {
		t.Fatalf("%d keys, %d tombstones, %d expired", st.Keys, st.Tombstones, st.Expired)
	}
}

// TestClockIsBehindWhatWasDeleted: the greatest version may be that of an entry of
// which nothing is left.
func TestClockIsBehindWhatWasDeleted(t *testing.T) {
	for _, deleted := range []bool{false, true} {
		s := startNode(t, t.TempDir(), Options{})
		mustSet(t, s, "other", "v", 0)
		s.clock.observe(Version{Time: format.HybridTime(time.Now().Add(24 * time.Hour))}) // the wall clock was ahead once
		last := mustSet(t, s, "k", "v", 0).Version
		if deleted {
			if err := s.Delete([]byte("k")); err != nil {
				t.Fatal(err)
			}
		}
		mustCheckpoint(t, s)
		s = s.restart(t, Options{})
		if v := mustSet(t, s, "k", "v", 0).Version; v.Compare(last) <= 0 {
			t.Fatalf("deleted %v: %v after %v", deleted, v, last)
		}
	}
}

// TestRefusedBatchTakesItsDecisionsBack: operations that were decided on writes of a
// batch which is then refused are refused too.
func TestRefusedBatchTakesItsDecisionsBack(t *testing.T) {
	fs := crashfs.New()
	s := startNode(t, t.TempDir(), Options{logFS: fs})
	mustSet(t, s, "k", "v", 0)
	gate, entered := make(chan struct{}), make(chan struct{}, 100)
	full := false // written before gate is closed, read behind it
	fs.Inject = func(op crashfs.Op) error {
		if op.Kind != crashfs.Write {
			return nil
		}
		entered <- struct{}{}
		<-gate
		if full {
			return syscall.ENOSPC
		}
		return nil
	}
	var wg sync.WaitGroup
	wg.Go(func() { _, _ = s.Set([]byte("x"), nil, 0) }) // holds the committer
	<-entered
	ops := []Op{
		{Kind: Delete, Key: []byte("k")},
		{Kind: Delete, Key: []byte("k")},
		{Kind: Set, Key: []byte("n")},
		{Kind: Set, Key: []byte("n"), If: IfAbsent},
		{Kind: Delete, Key: []byte("not there")},
	}
	for i := range ops {
		wg.Go(func() { _ = s.Commit(ops[i : i+1]) })
		waitUntil(t, func() bool { return len(s.committer.queue) == i+1 })
	}
	full = true
	close(gate)
	wg.Wait()
	for i, op := range ops {
		want := ErrNoSpace
		if i == 4 {
			want = ErrNotFound
		}
		if !errors.Is(op.Err, want) {
			t.Errorf("operation %d: %v, want %v", i, op.Err, want)
		}
	}
	wantValue(t, s, "k", "v")
	wantMiss(t, s, "n")
}
