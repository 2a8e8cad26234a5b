package main

import (
	"fmt"
	"net/http"
	"net/url"
	"owlcache/cmd/owlcache/internal/e2e"
	"testing"
)

// TestSyncOfProcesses has three nodes written to, one killed and brought back, and asked
// as a group.
func TestSyncOfProcesses(t *testing.T) {
	t.Parallel()
	nodes := newSyncedNodes(t, 3)
	a, b, c := nodes[0], nodes[1], nodes[2]
	b.seed(a.sync())
	up(a, b, c)
	b.finds(a.sync(), "alive")
	c.join(a) // over HTTP
	meet(a, b, c)

	want := writeEverywhere(a, b, c)
	agree(a, b, c)
	holdAll(want, a, b, c)

	b.kill()
	c.set("changed", "while b was away")
	a.set("new", "while b was away")
	a.del("kept 0")
	c.set("kept 1", "")
	c.del("kept 1")
	up(b)
	hold("new", "while b was away", b)
	want["changed"], want["new"], want["kept 0"], want["kept 1"] = "while b was away", "while b was away", "", ""
	agree(a, b, c)
	holdAll(want, a, b, c)

	askTogether(a, b, c)
}

// join has the node join a member, over HTTP.
func (n *syncedNode) join(member *syncedNode) {
	n.t.Helper()
	n.do("/server/", url.Values{"cmd": {"add"}, "group_type": {"gossip"}, "address": {member.sync()}})
}

// writeEverywhere sets, deletes and expires keys on all nodes, also those that another
// node has written, and returns what must be there.
func writeEverywhere(nodes ...*syncedNode) map[string]string {
	want := map[string]string{}
	for i, n := range nodes {
		next := nodes[(i+1)%len(nodes)]
		kept, deleted, expired, short := fmt.Sprint("kept ", i), fmt.Sprint("deleted ", i), fmt.Sprint("expired ", i), fmt.Sprint("short ", i)
		n.set(kept, "of "+n.addr)
		n.set(deleted, "x")
		n.set(expired, "x")
		n.setFor(short, "x", "1")
		hold(deleted, "x", nodes...)
		hold(expired, "x", nodes...)
		next.del(deleted)
		next.expire(expired, "1")
		n.set("changed", "by "+n.addr)
		hold("changed", "by "+n.addr, nodes...)
		want[kept], want[deleted], want[expired], want[short], want["changed"] = "of "+n.addr, "", "", "", "by "+n.addr
	}
	for i := range nodes {
		hold(fmt.Sprint("kept ", i), want[fmt.Sprint("kept ", i)], nodes...)
		for _, gone := range []string{"deleted", "expired", "short"} {
			hold(fmt.Sprint(gone, " ", i), "", nodes...)
		}
	}
	return want
}

// askTogether has nodes that share their data asked as a group, too.
func askTogether(a, b, c *syncedNode) {
	for _, member := range []*syncedNode{a, b, c} {
		a.addMember(member.addr)
	}
	a.set("asked", "1")
	hold("asked", "1", a, b, c)
	a.has("asked", "", "1")
	for _, member := range []*syncedNode{a, b, c} {
		a.has("asked", member.addr, "1")
		a.sees(member.addr, "up")
	}
	b.kill()
	c.set("asked", "2")
	hold("asked", "2", a)
	a.has("asked", "", "2")
	a.has("asked", b.addr, "")
	up(b)
	hold("asked", "2", b)
	a.has("asked", b.addr, "2")
}

// TestSyncReady has a node whose seed is down serve at once, and say when it is in sync.
func TestSyncReady(t *testing.T) {
	t.Parallel()
	nodes := newSyncedNodes(t, 2)
	seed, n := nodes[0], nodes[1]
	n.seed(seed.sync())
	up(n) // which does not wait for the seed
	n.set("of n", "1")
	hold("of n", "1", n)
	synced := func(want int) func() error {
		return func() error {
			status, body, err := e2e.Request(http.MethodGet, "http://"+n.addr+"/readyz?sync=1", nil)
			if err == nil && status != want {
				err = fmt.Errorf("%d, %s", status, body)
			}
			return err
		}
	}
	if err := synced(http.StatusServiceUnavailable)(); err != nil {
		t.Error(err)
	}
	n.finds(seed.sync(), "gone")
	up(seed)
	n.eventually("be in sync", synced(http.StatusOK))
	hold("of n", "1", seed)
}
