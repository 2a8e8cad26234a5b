package main

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"owlcache/api/status"
)

// TestSyncWithAnotherKey has a node with a wrong secret know a group, and be known by it.
func TestSyncWithAnotherKey(t *testing.T) {
	t.Parallel()
	nodes := newSyncedNodes(t, 3)
	a, b, stranger := nodes[0], nodes[1], nodes[2]
	stranger.settings["GossipDataSyncAuthKey"] = "the secret of others"
	b.seed(a.sync(), stranger.sync())
	stranger.seed(a.sync(), b.sync())
	up(nodes...)
	a.finds(b.sync(), "alive")
	b.finds(a.sync(), "alive")
	a.set("ours", "1")
	stranger.set("theirs", "1")
	stranger.join(a)
	hold("ours", "1", b)
	// Both sides try, and go on trying.
	for _, n := range nodes {
		tries := n.badFrames() + 2
		n.eventually("refuse frames", func() error {
			if refused := n.badFrames(); refused < tries {
				return fmt.Errorf("%d so far", refused)
			}
			return nil
		})
	}
	holdAll(map[string]string{"ours": "1", "theirs": ""}, a, b)
	holdAll(map[string]string{"ours": "", "theirs": "1"}, stranger)
	for _, pair := range [][2]*syncedNode{{b, stranger}, {stranger, a}, {stranger, b}} {
		if p, err := pair[0].peer(pair[1].sync()); err != nil || p.State != "gone" || p.Node != "" {
			t.Errorf("%s: %+v, %v; want a seed without a node id", pair[0].addr, p, err)
		}
	}
	if _, err := a.peer(stranger.sync()); err == nil {
		t.Error("a node with another key is among the members")
	}
}

// TestSyncUnderAnotherAddress has a node come back under other ports, at once and after
// the others have given it up: it is the same node.
func TestSyncUnderAnotherAddress(t *testing.T) {
	t.Parallel()
	nodes := startGroup(t, 3)
	a, b, c := nodes[0], nodes[1], nodes[2]
	id := a.finds(c.sync(), "alive").Node
	for i, addr := range freeAddresses(t, 2) {
		before := c.sync()
		c.kill()
		if i == 1 {
			a.finds(before, "gone")
			b.finds(before, "gone")
		}
		key := fmt.Sprint("away ", i)
		a.set(key, "1")
		c.moveTo(addr)
		up(c)
		hold(key, "1", c)
		for _, n := range []*syncedNode{a, b} {
			if now := n.finds(c.sync(), "alive").Node; now != id {
				t.Errorf("%s: the node is %s, and was %s", n.addr, now, id)
			}
		}
		meet(a, b, c)
		c.set(key, "2")
		hold(key, "2", a, b)
		agree(a, b, c)
	}
}

// TestSyncRemoves removes a member over HTTP, and adds it again.
func TestSyncRemoves(t *testing.T) {
	t.Parallel()
	nodes := startGroup(t, 3)
	a, b, c := nodes[0], nodes[1], nodes[2]
	a.set("before", "1")
	hold("before", "1", a, b, c)

	a.do("/server/", url.Values{"cmd": {"delete"}, "group_type": {"gossip"}, "address": {c.sync()}})
	c.eventually("be removed", func() error {
		state, err := c.state()
		here := func(p status.Peer) bool { return p.State == "alive" || p.State == "suspect" }
		if err == nil && (!state.Removed || slices.ContainsFunc(state.Peers, here)) {
			err = fmt.Errorf("it is not: %+v", state)
		}
		return err
	})
	for _, n := range []*syncedNode{a, b} {
		n.eventually("have it gone", func() error {
			state, err := n.state()
			if err == nil && slices.ContainsFunc(state.Peers, func(p status.Peer) bool { return p.Address == c.sync() && p.State != "left" }) {
				err = fmt.Errorf("%+v", state.Peers)
			}
			return err
		})
	}
	a.set("after", "1")
	a.del("before")
	c.set("of c", "1")
	hold("after", "1", a, b)
	c.kill()
	up(c) // which does not bring it back
	hold("before", "1", c)
	holdAll(map[string]string{"before": "", "of c": ""}, a, b)
	holdAll(map[string]string{"after": "", "of c": "1"}, c)

	c.join(a)
	meet(a, b, c)
	agree(a, b, c)
	holdAll(map[string]string{"before": "", "after": "1", "of c": "1"}, a, b, c)
	if status, body, err := c.ask(http.MethodGet, "/readyz", nil); err != nil || status != http.StatusOK {
		t.Errorf("%d, %s, %v", status, body, err)
	}
}
