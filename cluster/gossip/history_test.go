package gossip

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

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

// A node that has lost the last of what it wrote does not claim it when it writes again.
func TestALostTailIsGivenBack(t *testing.T) {
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
			time.Sleep(time.Second)
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
	synctest.Test(t, func(t *testing.T) {
		n, a, b := pair(t, func(_, _ *simNode) {})
		defer n.close(t)
		n.settle(t, time.Second)
		r := &round{news: make(chan struct{}, 1), list: 5, arrived: make(map[uint32]bool), end: &endMessage{parts: 1}}
		p := b.sync.peer(a.id)
		p.mu.Lock()
		p.round = r
		p.mu.Unlock()
		part := parts{kind: kindPart, sender: a.id, list: 5}
		part.add(&engine.Entry{Key: []byte("k"), Version: version(time.Now())})
		b.sync.receive(append(part.messages()[0], 0))
		time.Sleep(time.Second)
		if _, err := r.look(); err == nil {
			t.Error("the part counts as merged")
		}
		p.mu.Lock()
		p.round = nil
		p.mu.Unlock()
	})
}

func TestSpans(t *testing.T) {
	var l spans
	for _, s := range []span{{10, 20}, {30, 40}, {40, 50}, {5, 10}, {60, 70}, {15, 35}} {
		l = l.add(s)
	}
	if d := cmp.Diff(l, spans{{5, 50}, {60, 70}}, cmp.AllowUnexported(span{})); d != "" {
		t.Error(d)
	}
	for at, want := range map[uint64]bool{5: false, 6: true, 50: true, 51: false, 60: false, 61: true, 70: true, 71: false} {
		if l.cover(at) != want {
			t.Errorf("%d is covered: %v", at, !want)
		}
	}
	for i := range uint64(10 * maxSpans) {
		l = l.add(span{1000 + 10*i, 1001 + 10*i})
	}
	if len(l) != maxSpans || l[0] != (span{5, 50}) {
		t.Error("the shortest go first, and are bounded", l)
	}
}

func TestVectorIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newSimNet(1)
		node := n.add(t, time.Hour)
		defer n.close(t)
		v := newVector(node.store, nil)
		for i := range uint64(2 * maxSeen) {
			v.agreed([]spanOf{{100 + i, span{0, 2 + i}}})
		}
		v.agreed([]spanOf{{99, span{0, ^uint64(0)}}}) // far ahead: of a faulty node
		if len(v.seen) > maxSeen || v.seen[99] != nil || v.seen[100] != nil || v.seen[99+2*maxSeen] == nil {
			t.Error(len(v.seen), v.seen[99], v.seen[100])
		}
		if again := newVector(node.store, v.get()); len(again.seen) < maxSeen-1 || again.seen[99+2*maxSeen] == nil {
			t.Error("what was saved is lost")
		}
	})
}
