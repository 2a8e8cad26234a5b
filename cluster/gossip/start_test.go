package gossip

import (
	"context"
	"testing"
	"time"

	"owlcache/engine"
	"owlcache/engine/datadir"
)

// startStore starts a node with a store.
func startStore(t *testing.T, seeds ...string) (*engine.Store, *Node) {
	t.Helper()
	dir, err := datadir.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	store, err := engine.Open(t.Context(), dir, engine.Options{TombstoneGrace: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	n, err := Start(Options{
		Store: store, PeersFile: dir.File(datadir.PeersFile), AuthKey: testKey, Seeds: seedsOf(seeds...), Interval: time.Second, tune: quick,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, f := range []func() error{func() error { return n.Close(t.Context()) }, store.Close, dir.Close} {
			if err := f(); err != nil {
				t.Error(err)
			}
		}
	})
	return store, n
}

func TestStoresBecomeEqual(t *testing.T) {
	t.Parallel()
	first, a := startStore(t)
	if _, err := first.Set([]byte("before"), []byte("1"), 0); err != nil {
		t.Fatal(err)
	}
	second, b := startStore(t, a.Address())
	until(t, "what was there arrives", func() bool { _, _, ok := second.Get(nil, []byte("before")); return ok })
	if _, err := second.Set([]byte("after"), []byte("2"), 0); err != nil {
		t.Fatal(err)
	}
	until(t, "what is written arrives", func() bool { _, _, ok := first.Get(nil, []byte("after")); return ok })
	until(t, "both have seen that they agree", func() bool { return a.Synced() && b.Synced() })
	until(t, "what was seen is durable", func() bool { return savedVersion(t, b.file.path, a.id) > 0 })
	if s := a.Status(); len(s.Peers) != 1 || s.Peers[0].State != Alive || s.Peers[0].LastMatch.IsZero() {
		t.Fatalf("status %+v", s)
	}
}

// Who knows of nobody else has nobody to wait for; who does waits.
func TestANodeAloneIsInSync(t *testing.T) {
	t.Parallel()
	if _, n := startStore(t); !n.Synced() {
		t.Error("without seeds it waits")
	}
	if _, n := startStore(t, "127.0.0.1:1"); n.Synced() {
		t.Error("it does not wait for its seed")
	}
}

func TestASecondCloseDoesNothing(t *testing.T) {
	t.Parallel()
	_, a := startStore(t)
	_, b := startStore(t, a.Address())
	until(t, "they have met", func() bool { return a.Synced() && b.Synced() && !b.Status().LastMatch.IsZero() })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Close(ctx); err != nil { // waits for nobody
		t.Fatal(err)
	}
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.Join(a.Address())
	b.Forget(a.Address())
	_ = b.Status()
}
