package replicate

import (
	"testing"
	"testing/synctest"
	"time"
)

// group starts n nodes that all know each other.
func group(t *testing.T, n int, grace time.Duration) (*simNet, []*simNode) {
	net := newSimNet(1)
	var nodes []*simNode
	for range n {
		node := net.add(t, grace)
		node.opts.SweepInterval = time.Minute
		nodes = append(nodes, node)
	}
	for _, node := range nodes {
		node.start(t)
	}
	return net, nodes
}

func (node *simNode) set(t *testing.T, key, value string) {
	t.Helper()
	if _, err := node.store.Set([]byte(key), []byte(value), 0); err != nil {
		t.Fatal(err)
	}
}

func (node *simNode) del(t *testing.T, key string) {
	t.Helper()
	if err := node.store.Delete([]byte(key)); err != nil {
		t.Fatal(err)
	}
}

// want checks what a node answers; "" = nothing.
func (node *simNode) want(t *testing.T, key, value string) {
	t.Helper()
	got, _, _ := node.store.Get(nil, []byte(key))
	if string(got) != value {
		t.Errorf("node %016x: %q is %q, want %q", node.id, key, got, value)
	}
}

// pass lets time pass, with push/pulls.
func (n *simNet) pass(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		elapse(30 * time.Second)
		n.pushPull()
	}
}

const awayGrace = 10 * time.Minute

// away runs play with a group of three whose third node comes back after twice the
// grace. Before, all have "kept" and "deleted", and the others then delete the latter.
func away(t *testing.T, play func(n *simNet, nodes []*simNode)) {
	synctest.Test(t, func(t *testing.T) {
		n, nodes := group(t, 3, awayGrace)
		defer n.close(t)
		nodes[0].set(t, "kept", "1")
		nodes[1].set(t, "deleted", "1")
		n.settle(t, 5*time.Second)
		n.partition(func(from, to uint64) bool { return (from == nodes[2].id) != (to == nodes[2].id) })
		nodes[2].set(t, "meanwhile", "2")
		nodes[0].del(t, "deleted")
		n.pass(2 * awayGrace)
		for _, node := range nodes[:2] {
			if st := node.store.Stats(); st.Tombstones != 0 {
				t.Fatal("the tombstone is still there: this tests nothing")
			}
		}
		nodes[2].want(t, "deleted", "1")
		play(n, nodes)
		n.settle(t, 30*time.Second)
		for _, node := range nodes {
			if node.up {
				node.want(t, "kept", "1")
				node.want(t, "deleted", "")
				node.want(t, "meanwhile", "2")
			}
		}
	})
}

func TestNothingDeletedComesBackAfterALongAbsence(t *testing.T) {
	t.Parallel()
	away(t, func(n *simNet, nodes []*simNode) { n.partition(nil) })
}

func TestNothingDeletedComesBackAfterALongRest(t *testing.T) {
	t.Parallel()
	away(t, func(n *simNet, nodes []*simNode) {
		nodes[2].stop(t)
		n.partition(nil)
		elapse(awayGrace)
		nodes[2].start(t)
	})
}

// A node that joined meanwhile, and knows nothing of the one that was away, does not
// become the way back.
func TestNothingDeletedComesBackThroughANewNode(t *testing.T) {
	t.Parallel()
	away(t, func(n *simNet, nodes []*simNode) {
		fresh := n.add(t, awayGrace)
		fresh.opts.SweepInterval = time.Minute
		// It meets the node that was away first.
		n.partition(func(from, to uint64) bool {
			a, b := from == nodes[2].id, to == nodes[2].id
			return a != b && from != fresh.id && to != fresh.id
		})
		fresh.start(t)
		elapse(2 * time.Minute)
		n.partition(nil)
		n.pass(2 * time.Minute)
		n.settle(t, 30*time.Second)
		fresh.want(t, "deleted", "")
		fresh.want(t, "kept", "1")
	})
}

// Two halves that were apart for long drop what the other half deleted.
func TestHalvesDropWhatTheOtherDeleted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, nodes := group(t, 4, awayGrace)
		defer n.close(t)
		nodes[0].set(t, "a", "1")
		nodes[0].set(t, "b", "1")
		nodes[0].set(t, "c", "1")
		n.settle(t, 5*time.Second)
		left := map[uint64]bool{nodes[0].id: true, nodes[1].id: true}
		n.partition(func(from, to uint64) bool { return left[from] != left[to] })
		nodes[0].del(t, "a")
		nodes[2].del(t, "b")
		nodes[3].set(t, "d", "2")
		n.pass(2 * awayGrace)
		n.partition(nil)
		n.settle(t, time.Minute)
		for _, node := range nodes {
			node.want(t, "a", "")
			node.want(t, "b", "")
			node.want(t, "c", "1")
			node.want(t, "d", "2")
		}
	})
}

// A node that has lost its data, and with it its marks, gets all of it back, however long
// it was away.
func TestALostNodeGetsEverythingBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, nodes := group(t, 2, awayGrace)
		defer n.close(t)
		nodes[0].set(t, "a", "1")
		n.settle(t, 5*time.Second)
		nodes[1].stop(t)
		n.pass(2 * awayGrace)
		lost := nodes[1]
		n.remove(lost)
		fresh := n.add(t, awayGrace)
		// The same identity, without data and marks.
		n.remove(fresh)
		fresh.shut(t)
		lost.dir, lost.saved = t.TempDir(), nil
		copyFile(t, fresh.dir, lost.dir, "node.json")
		lost.open(t)
		n.put(lost)
		lost.start(t)
		n.settle(t, 30*time.Second)
		nodes[0].want(t, "a", "1")
		lost.want(t, "a", "1")
	})
}

// A write that reached a third node before the one that was away is not taken for deleted.
func TestWhatAPeerNeverHadIsOffered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, nodes := group(t, 3, awayGrace)
		defer n.close(t)
		a, b, c := nodes[0], nodes[1], nodes[2]
		n.pass(time.Minute)
		// c writes while a cannot see it; b gets it, then c is gone for good.
		n.partition(func(from, to uint64) bool {
			return from == a.id && to == c.id || from == c.id && to == a.id || from == a.id || to == a.id
		})
		c.set(t, "late", "1")
		n.pass(awayGrace / 5)
		b.want(t, "late", "1")
		c.stop(t)
		n.pass(2 * awayGrace)
		n.partition(nil)
		n.settle(t, 30*time.Second)
		a.want(t, "late", "1")
	})
}
