package engine

import (
	"context"
	"fmt"
	"testing"
	"time"

	"owlcache/engine/internal/format"
)

// TestForget drops exactly what is named, durably, for good, and says so to nobody.
func TestForget(t *testing.T) {
	for _, grace := range []time.Duration{0, time.Hour} {
		s := startNode(t, t.TempDir(), Options{TombstoneGrace: grace})
		v := Version{Time: format.HybridTime(time.Now().Add(-48 * time.Hour)), Node: 9}
		var entries []Entry
		var items []Item
		for i := range 3 * sweepBatch {
			e := Entry{Key: fmt.Appendf(nil, "k%d", i), Value: []byte("v"), Version: v, Expires: int64(i%2) * inFuture()}
			entries = append(entries, e)
			items = append(items, Item{Hash: KeyHash(e.Key), Version: v})
		}
		if m, err := s.Merge(entries); err != nil || m.Taken != len(entries) {
			t.Fatalf("%+v, %v", m, err)
		}
		sub := s.Subscribe(1 << 20)
		mustSet(t, s, "k0", "written since", 0)
		if err := s.Delete([]byte("k1")); err != nil {
			t.Fatal(err)
		}
		items[2].Version.Node++ // another write than the one that is here
		items[3].Hash++         // nothing
		wrong := Item{Hash: KeyHash([]byte("k5")), Version: Version{Time: v.Time - 1, Node: 9}}
		want := len(entries) - 5
		items = append(items[:4], append([]Item{wrong}, items[5:]...)...) // without k4
		for _, want := range []int{want, 0} {
			if n, err := s.Forget(items); err != nil || n != want {
				t.Fatalf("grace %v: %d dropped, %v; want %d", grace, n, err, want)
			}
		}
		changes, _ := sub.Next(context.Background())
		if len(changes) != 2 {
			t.Errorf("the feed has %d changes, want those of the set and of the delete", len(changes))
		}
		sub.Close()
		s = s.restart(t, Options{TombstoneGrace: grace})
		s.sweepOnce(context.Background(), time.Now())
		st := s.Stats()
		if st.Keys != 4 || grace > 0 && st.Tombstones != int64(want+1) || grace == 0 && st.Tombstones != 0 {
			t.Fatalf("grace %v: %+v", grace, st)
		}
		wantValue(t, s, "k0", "written since")
		for _, key := range []string{"k2", "k3", "k4"} {
			wantValue(t, s, key, "v")
		}
		wantMiss(t, s, "k5")
		m, err := s.Merge(entries[5:])
		if grace > 0 && (err != nil || m != (Merged{Stale: want})) {
			t.Fatalf("it came back: %+v, %v", m, err)
		}
		mustStop(t, s)
	}
}

// TestForgetLeavesWhatHasChanged: between its look and the commit a key may be written
// again.
func TestForgetLeavesWhatHasChanged(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{TombstoneGrace: time.Hour})
	old := mustSet(t, s, "k", "old", 0)
	item := Item{Hash: KeyHash([]byte("k")), Version: old.Version}
	ops := s.forgettable([]Item{item}, time.Now().UnixMilli())
	if len(ops) != 1 {
		t.Fatalf("%d to forget", len(ops))
	}
	mustSet(t, s, "k", "new", 0)
	if err := s.submit(newSubmission(ops)); err != nil {
		t.Fatal(err)
	}
	wantValue(t, s, "k", "new")
}
