package main

import (
	"fmt"
	"testing"
	"time"

	"owlcache/cmd/owlcache/internal/e2e"
)

// TestSyncAwayForLong has a node come back when the others have forgotten what they
// deleted meanwhile: it brings nothing of that back, and brings what was written on it.
func TestSyncAwayForLong(t *testing.T) {
	t.Parallel()
	nodes := newSyncedNodes(t, 3)
	a, b, c := nodes[0], nodes[1], nodes[2]
	for _, n := range nodes {
		n.settings["Tombstone_Grace"] = "3"
		n.program = sweepingProgram
	}
	b.seed(a.sync())
	c.seed(a.sync())
	up(nodes...)
	meet(nodes...)
	for i := range 20 {
		nodes[i%3].set(fmt.Sprint("deleted ", i), "1")
		nodes[i%3].set(fmt.Sprint("kept ", i), "1")
	}
	hold("deleted 19", "1", nodes...)
	agree(nodes...)

	c.kill()
	c.settings["GossipDataSyncAuthKey"] = "nobody else has this one"
	up(c) // alone
	want := map[string]string{"meanwhile": "1"}
	for i := range 20 {
		a.del(fmt.Sprint("deleted ", i))
		want[fmt.Sprint("deleted ", i)], want[fmt.Sprint("kept ", i)] = "", "1"
	}
	c.set("meanwhile", "1")
	c.set("kept 3", "changed")
	want["kept 3"] = "changed"
	hold("deleted 19", "", a, b)
	for _, n := range []*syncedNode{a, b} {
		n.forgets(20)
	}
	hold("deleted 19", "1", c)

	c.kill()
	c.settings["GossipDataSyncAuthKey"] = syncKey
	up(c)
	meet(nodes...)
	hold("meanwhile", "1", a, b)
	agree(nodes...)
	holdAll(want, nodes...)
	if state, err := c.state(); err != nil || state.Counters.Forgotten != 20 {
		t.Errorf("%d entries were dropped, %v; want 20", state.Counters.Forgotten, err)
	}
}

// awayPatience is how long waiting takes for what is due once in a while, or by chance.
const awayPatience = 3 * e2e.Patience

// forgets waits until the node has only so many entries, and no tombstones.
func (n *syncedNode) forgets(entries int) {
	n.t.Helper()
	n.within(awayPatience, "forget what was deleted", func() error {
		var digest struct{ Entries int }
		err := n.getJSON("/admin/cluster/digest", &digest)
		if err == nil && digest.Entries != entries {
			err = fmt.Errorf("it has %d entries, want %d", digest.Entries, entries)
		}
		return err
	})
}

// within polls a condition.
func (n *syncedNode) within(limit time.Duration, what string, condition func() error) {
	n.t.Helper()
	for deadline := time.Now().Add(limit); ; time.Sleep(100 * time.Millisecond) {
		err := condition()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			n.t.Fatalf("%s: waited %v for it to %s: %v", n.addr, limit, what, err)
		}
	}
}
