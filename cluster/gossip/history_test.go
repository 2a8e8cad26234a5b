package gossip

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

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
			time.Sleep(2 * awayGrace)
			n.addSlow(t).start(t)
			n.addSlow(t).start(t)
			time.Sleep(5 * time.Second)
			nodes[0].start(t)
			time.Sleep(5 * time.Second)
			nodes[1].start(t)
			n.pass(2 * time.Minute)
			nodes[1].wantKeys(t, 100)
			n.settle(t, time.Second)
		})
	})
}

// What was written a moment before a node went away is known to be deleted, too.
func TestWrittenJustBeforeAnAbsence(t *testing.T) {
	for writer := range 3 {
		synctest.Test(t, func(t *testing.T) {
			n, nodes := group(t, 3, awayGrace)
			defer n.close(t)
			n.pass(time.Minute)
			nodes[writer].set(t, "K", "1")
			time.Sleep(100 * time.Millisecond)
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
	synctest.Test(t, func(t *testing.T) {
		n, nodes := group(t, 2, awayGrace)
		defer n.close(t)
		a, b := nodes[0], nodes[1]
		b.set(t, "before", "1")
		n.settle(t, 5*time.Second)
		b.stop(t)
		backup, saved := t.TempDir(), maps.Clone(b.saved)
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
	synctest.Test(t, func(t *testing.T) {
		n, nodes := group(t, 3, awayGrace)
		defer n.close(t)
		a, b, c := nodes[0], nodes[1], nodes[2]
		n.pass(time.Minute)
		n.partition(func(from, to uint64) bool { return (from == c.id) != (to == c.id) })
		c.set(t, "kept", "1")
		list, _ := b.sync.listOf([]engine.HashRange{{Last: ^uint64(0)}})
		list.number = 5
		meta, err := a.store.Set([]byte("deleted"), []byte("1"), 0)
		if err != nil {
			t.Fatal(err)
		}
		n.partition(nil)
		n.settle(t, 10*time.Second)
		push := parts{kind: kindPush, sender: a.id}
		part := parts{kind: kindPart, sender: a.id, list: 5}
		for _, p := range []*parts{&push, &part} {
			p.add(&engine.Entry{Key: []byte("deleted"), Value: []byte("1"), Version: meta.Version, Created: meta.Created})
		}
		a.del(t, "deleted")
		n.pass(2 * awayGrace)
		for _, msg := range [][]byte{list.append(nil), push.messages()[0], part.messages()[0]} {
			for _, node := range nodes {
				if le.Uint64(msg[2:]) != node.id {
					node.sync.receive(slices.Clone(msg))
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
		time.Sleep(10 * time.Second)
		b.wantKeys(t, 7)
	})
}

func TestVector(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newSimNet(1)
		node := n.add(t, time.Hour)
		defer n.close(t)
		v := newVector(node.store, nil)
		seen := func(id uint64) uint64 {
			for _, s := range v.get() {
				if s.node == id {
					return s.time
				}
			}
			return 0
		}
		v.received(interval{7, 10, 20}) // what lies before has not been seen
		if seen(7) != 0 {
			t.Fatal("a gap was passed")
		}
		v.agreed([]versionOf{{7, 12}, {8, 5}})
		if seen(7) != 20 || seen(8) != 5 {
			t.Fatal("an agreement closes the gap", seen(7), seen(8))
		}
		v.received(interval{7, 30, 40})
		v.received(interval{7, 25, 30})
		v.received(interval{7, 20, 25})
		if seen(7) != 40 {
			t.Fatal("out of order", seen(7))
		}
		v.received(interval{7, 50, 45})
		v.agreed([]versionOf{{7, 1}})
		if seen(7) != 40 || len(v.waiting) != 0 {
			t.Fatal("what was seen is forgotten", seen(7), v.waiting)
		}
		for i := range uint64(10 * maxSeen) {
			v.received(interval{100 + i, 1, 2})
			v.agreed([]versionOf{{1000000 + i, 2}})
		}
		if len(v.seen) > maxSeen || len(v.waiting) > maxWaiting {
			t.Fatal("no bound", len(v.seen), len(v.waiting))
		}
		if v.toSave()[7] != 40 {
			t.Fatal("nothing to save")
		}
	})
}

// A vector that was saved counts only for data that is as new.
func TestVectorOfOlderData(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newSimNet(1)
		node := n.add(t, time.Hour)
		defer n.close(t)
		saved := map[uint64]uint64{7: 40}
		if len(newVector(node.store, saved).seen) != 0 {
			t.Error("the store is empty")
		}
		node.set(t, "k", "1")
		node.shut(t)
		node.open(t)
		found := node.store.Recovered()
		if len(newVector(node.store, saved).seen) != 1 {
			t.Error("the store is as new")
		}
		saved[node.id] = found
		if len(newVector(node.store, saved).seen) != 1 {
			t.Error("the store is just as new")
		}
		if own := newVector(node.store, saved).own(); own != found {
			t.Errorf("%d of its own writes are claimed, want %d", own, found)
		}
		if newVector(node.store, map[uint64]uint64{7: 40}).own() != 0 {
			t.Error("it is not known what was lost, and yet something is claimed")
		}
		saved[node.id] = found + 1
		if len(newVector(node.store, saved).seen) != 0 {
			t.Error("the store is older")
		}
	})
}
