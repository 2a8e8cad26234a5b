package replicate

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"owlcache/cluster/gossip/internal/wire"
	"owlcache/engine"
)

func (node *simNode) fill(t *testing.T, keys int) {
	t.Helper()
	for i := range keys {
		node.set(t, fmt.Sprint("k", i), "1")
	}
}

func (node *simNode) wantKeys(t *testing.T, keys int64) {
	t.Helper()
	if st := node.store.Stats(); st.Keys != keys {
		t.Errorf("node %016x has %d keys of %d, and %d tombstones", node.id, st.Keys, keys, st.Tombstones)
	}
}

// addSlow makes a node that is not up, whose sweeps do not slow long tests down.
func (n *simNet) addSlow(t *testing.T) *simNode {
	node := n.add(t, awayGrace)
	node.shut(t)
	node.opts.SweepInterval = time.Minute
	node.open(t)
	return node
}

// Nodes that know nothing are no witnesses of a deletion, however many they are.
func TestNewNodesGetEverything(t *testing.T) {
	t.Parallel()
	t.Run("the others are gone", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n, nodes := group(t, 2, awayGrace)
			defer n.close(t)
			nodes[0].fill(t, 100)
			n.settle(t, 5*time.Second)
			nodes[1].stop(t)
			n.remove(nodes[1])
			n.pass(2 * awayGrace)
			for range 2 {
				n.addSlow(t).start(t)
			}
			n.pass(2 * time.Minute)
			nodes[0].wantKeys(t, 100)
			n.settle(t, time.Second)
		})
	})
	t.Run("the others come back later", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n, nodes := group(t, 2, awayGrace)
			defer n.close(t)
			nodes[0].fill(t, 100)
			n.settle(t, 5*time.Second)
			nodes[0].stop(t)
			nodes[1].stop(t)
			elapse(2 * awayGrace)
			n.addSlow(t).start(t)
			n.addSlow(t).start(t)
			elapse(5 * time.Second)
			nodes[0].start(t)
			elapse(5 * time.Second)
			nodes[1].start(t)
			n.pass(2 * time.Minute)
			nodes[1].wantKeys(t, 100)
			n.settle(t, time.Second)
		})
	})
}

// What was written a moment before a node went away is known to be deleted, too.
func TestWrittenJustBeforeAnAbsence(t *testing.T) {
	t.Parallel()
	for writer := range 3 {
		synctest.Test(t, func(t *testing.T) {
			n, nodes := group(t, 3, awayGrace)
			defer n.close(t)
			n.pass(time.Minute)
			nodes[writer].set(t, "K", "1")
			elapse(100 * time.Millisecond)
			away := nodes[1].id
			n.partition(func(from, to uint64) bool { return (from == away) != (to == away) })
			nodes[0].del(t, "K")
			n.pass(2 * awayGrace)
			nodes[1].want(t, "K", "1")
			n.partition(nil)
			n.settle(t, time.Minute)
			for _, node := range nodes {
				node.want(t, "K", "")
			}
		})
	}
}

// A node whose data is gone, and whose other files are not, gets everything back.
func TestDataGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, nodes := group(t, 2, awayGrace)
		defer n.close(t)
		a, b := nodes[0], nodes[1]
		a.fill(t, 10)
		b.set(t, "own", "1")
		n.settle(t, 5*time.Second)
		n.pass(time.Minute)
		b.stop(t)
		n.pass(2 * awayGrace)
		old := b.dir
		b.dir = t.TempDir()
		copyFile(t, old, b.dir, "node.json")
		b.start(t)
		n.settle(t, time.Minute)
		a.wantKeys(t, 11)
	})
}

// A node that was put back to an older state has lost what it wrote since, and deleted
// none of it.
func TestARestoredNodeGetsItsWritesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, nodes := group(t, 2, awayGrace)
		defer n.close(t)
		a, b := nodes[0], nodes[1]
		b.set(t, "before", "1")
		n.settle(t, 5*time.Second)
		b.stop(t)
		backup, saved := t.TempDir(), b.saved
		if err := os.CopyFS(backup, os.DirFS(b.dir)); err != nil {
			t.Fatal(err)
		}
		b.start(t)
		b.set(t, "since", "1")
		a.set(t, "others", "1")
		n.settle(t, 5*time.Second)
		n.pass(time.Minute)
		b.stop(t)
		n.pass(2 * awayGrace)
		b.dir, b.saved = backup, saved
		b.start(t)
		b.set(t, "new", "1") // its clock is ahead of all it has lost
		n.settle(t, time.Minute)
		a.wantKeys(t, 4)
		b.wantKeys(t, 4)
	})
}

// What somebody has recorded changes nothing when it comes again.
func TestRecordedMessagesChangeNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, nodes := group(t, 3, awayGrace)
		defer n.close(t)
		a, b, c := nodes[0], nodes[1], nodes[2]
		n.pass(time.Minute)
		n.partition(func(from, to uint64) bool { return (from == c.id) != (to == c.id) })
		c.set(t, "kept", "1")
		list, _ := b.sync.listOf([]engine.HashRange{{Last: ^uint64(0)}})
		list.Number = 5
		meta, err := a.store.Set([]byte("deleted"), []byte("1"), 0)
		if err != nil {
			t.Fatal(err)
		}
		n.partition(nil)
		n.settle(t, 10*time.Second)
		push := wire.Parts{Kind: wire.KindPush, Sender: a.id}
		part := wire.Parts{Kind: wire.KindPart, Sender: a.id, List: 5}
		for _, p := range []*wire.Parts{&push, &part} {
			p.Add(&engine.Entry{Key: []byte("deleted"), Value: []byte("1"), Version: meta.Version, Created: meta.Created})
		}
		a.del(t, "deleted")
		n.pass(2 * awayGrace)
		for _, msg := range [][]byte{list.Append(nil), push.Messages()[0], part.Messages()[0]} {
			for _, node := range nodes {
				if wire.Sender(msg) != node.id {
					node.sync.Receive(slices.Clone(msg))
				}
			}
		}
		n.pass(time.Minute)
		for _, node := range nodes {
			node.want(t, "kept", "1")
			node.want(t, "deleted", "")
		}
	})
}

// Entries that are refused do not keep those behind them from coming.
func TestRefusedEntriesHideNoOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newSimNet(1)
		a, b := n.add(t, time.Hour), n.add(t, time.Hour)
		b.shut(t)
		b.opts.MaxValueSize = 1 << 20
		b.open(t)
		defer n.close(t)
		var keys []string
		for i := 0; len(keys) < 12; i++ {
			if k := fmt.Sprint("key", i); engine.KeyHash([]byte(k))>>bucketShift == 0 {
				keys = append(keys, k)
			}
		}
		slices.SortFunc(keys, func(x, y string) int {
			return compareHash(engine.Item{Hash: engine.KeyHash([]byte(x))}, engine.KeyHash([]byte(y)))
		})
		for i, k := range keys {
			size := 10
			if i < 5 {
				size = 2 << 20 // in front of the others
			}
			a.set(t, k, string(make([]byte, size)))
		}
		a.start(t)
		b.start(t)
		elapse(10 * time.Second)
		b.wantKeys(t, 7)
	})
}

// A node that has lost the last of what it wrote does not claim it when it writes again.
func TestALostTailIsGivenBack(t *testing.T) {
	t.Parallel()
	for _, all := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			n, nodes := group(t, 3, awayGrace)
			defer n.close(t)
			x, q, p := nodes[0], nodes[1], nodes[2]
			x.set(t, "before", "1")
			n.settle(t, 5*time.Second)
			x.stop(t)
			backup, saved := t.TempDir(), x.saved
			if all {
				copyFile(t, x.dir, backup, "node.json")
			} else if err := os.CopyFS(backup, os.DirFS(x.dir)); err != nil {
				t.Fatal(err)
			}
			x.start(t)
			n.settle(t, 5*time.Second)
			n.partition(func(from, to uint64) bool { return (from == q.id) != (to == q.id) })
			x.set(t, "k", "1")
			elapse(time.Second)
			p.want(t, "k", "1")
			x.stop(t)
			p.stop(t)
			n.partition(nil)
			x.dir, x.saved = backup, saved
			x.start(t)
			x.set(t, "new", "1")
			n.settle(t, time.Minute)
			x.stop(t)
			x.start(t) // what it has saved since must not claim it either
			x.set(t, "newer", "1")
			n.settle(t, time.Minute)
			n.pass(2 * awayGrace)
			p.start(t)
			n.settle(t, time.Minute)
			for _, node := range nodes {
				node.want(t, "k", "1")
				node.want(t, "before", "1")
			}
		})
	}
}

// A part that makes no sense ends its round: it is not as if it had come.
func TestAPartThatMakesNoSenseEndsTheRound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, a, b := pair(t, func(_, _ *simNode) {})
		defer n.close(t)
		n.settle(t, time.Second)
		r := &round{news: make(chan struct{}, 1), list: 5, arrived: make(map[uint32]bool), end: &wire.End{Parts: 1}}
		p := b.sync.peer(a.id)
		p.mu.Lock()
		p.round = r
		p.mu.Unlock()
		part := wire.Parts{Kind: wire.KindPart, Sender: a.id, List: 5}
		part.Add(&engine.Entry{Key: []byte("k"), Version: version(time.Now())})
		b.sync.Receive(append(part.Messages()[0], 0))
		elapse(time.Second)
		if _, err := r.look(); err == nil {
			t.Error("the part counts as merged")
		}
		p.mu.Lock()
		p.round = nil
		p.mu.Unlock()
	})
}
