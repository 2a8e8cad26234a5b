package gossip

import (
	"context"
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"

	"owlcache/cluster/gossip/internal/membership"
	"owlcache/engine"
	"owlcache/engine/datadir"
)

// seedList are seeds that do not change.
type seedList []string

func (s seedList) Members() []string { return s }

const testKey = "a key of sixteen bytes or more"

// quick makes memberlist as quick as loopback is.
func quick(c *memberlist.Config) {
	c.ProbeInterval, c.ProbeTimeout = 200*time.Millisecond, 100*time.Millisecond
	c.GossipInterval, c.SuspicionMult = 20*time.Millisecond, 5
}

// until waits for a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(2 * time.Minute); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

// storeNode is a node with its store.
type storeNode struct {
	*Node
	store *engine.Store
	dir   *datadir.Dir
}

func startStore(t *testing.T, seeds ...string) storeNode {
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
		Store: store, PeersFile: dir.File(datadir.PeersFile), AuthKey: testKey, Seeds: seedList(seeds), Interval: time.Second, tune: quick,
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
	return storeNode{n, store, dir}
}

func TestStoresBecomeEqual(t *testing.T) {
	t.Parallel()
	a := startStore(t)
	if _, err := a.store.Set([]byte("before"), []byte("1"), 0); err != nil {
		t.Fatal(err)
	}
	b := startStore(t, a.Address())
	until(t, "what was there arrives", func() bool { _, _, ok := b.store.Get(nil, []byte("before")); return ok })
	if _, err := b.store.Set([]byte("after"), []byte("2"), 0); err != nil {
		t.Fatal(err)
	}
	until(t, "what is written arrives", func() bool { _, _, ok := a.store.Get(nil, []byte("after")); return ok })
	until(t, "both have seen that they agree", func() bool { return a.Synced() && b.Synced() })
	until(t, "what was seen is durable", func() bool {
		var file struct {
			Versions struct{ Seen map[string][]string }
		}
		content, err := os.ReadFile(b.dir.File(datadir.PeersFile))
		return err == nil && json.Unmarshal(content, &file) == nil && len(file.Versions.Seen[a.Status().Node]) > 0
	})
	if s := a.Status(); len(s.Peers) != 1 || s.Peers[0].State != membership.Alive || s.Peers[0].LastMatch.IsZero() {
		t.Fatalf("status %+v", s)
	}
}

// Who knows of nobody else has nobody to wait for; who does waits.
func TestANodeAloneIsInSync(t *testing.T) {
	t.Parallel()
	if n := startStore(t); !n.Synced() {
		t.Error("without seeds it waits")
	}
	if n := startStore(t, "127.0.0.1:1"); n.Synced() {
		t.Error("it does not wait for its seed")
	}
}

func TestASecondCloseDoesNothing(t *testing.T) {
	t.Parallel()
	a := startStore(t)
	b := startStore(t, a.Address())
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
