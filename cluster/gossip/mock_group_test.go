package gossip

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"owlcache/cluster/gossip/internal/oracle"
	"owlcache/cluster/gossip/internal/wire"
	"owlcache/engine"
	"owlcache/engine/datadir"
)

// mockGroup are nodes with real stores and real memberlist on a mockNet.
type mockGroup struct {
	t     *testing.T
	net   *mockNet
	rng   *rand.Rand
	nodes []*mockNode
	truth *oracle.Oracle
}

// elapse lets virtual time pass, in the bubble of a test, and all that is due in it happen.
func elapse(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// mockNode is a node of a mockGroup. It outlives its runs.
type mockNode struct {
	id    uint64
	dir   string
	lock  *datadir.Dir
	store *engine.Store // nil while it is closed
	ports [2]*mockPort
	seeds seedList
	node  *Node
	at    *mockEndpoint
	up    bool
}

// newMockGroup makes n nodes that are not up.
func newMockGroup(t *testing.T, n int, seed uint64) *mockGroup {
	g := &mockGroup{t: t, net: newMockNet(seed), rng: rand.New(rand.NewPCG(seed, 4)), truth: oracle.New()}
	for i := range n {
		node := &mockNode{dir: memoryDir(t)}
		node.open(t)
		for j := range node.ports {
			node.ports[j] = g.net.add(i, wire.Name(node.id))
		}
		g.nodes = append(g.nodes, node)
	}
	for i, node := range g.nodes {
		// Some addresses have nobody behind them, as those of a node that has moved.
		node.seeds = seedList{g.nodes[0].ports[0].addr, g.nodes[i/2].ports[0].addr, g.nodes[i/2].ports[1].addr}
	}
	return g
}

// start brings a node up at one of its addresses.
func (g *mockGroup) start(n *mockNode) {
	g.t.Helper()
	if n.store == nil {
		n.open(g.t)
	}
	n.at = n.ports[g.rng.IntN(len(n.ports))].listen()
	var err error
	n.node, err = Start(Options{
		Store: n.store, PeersFile: filepath.Join(n.dir, "peers.json"), AuthKey: testKey, Seeds: n.seeds, Transport: n.at,
		Grace: time.Hour,
	})
	if err != nil {
		g.t.Fatal(err)
	}
	n.up = true
}

func (n *mockNode) open(t *testing.T) {
	t.Helper()
	var err error
	if n.lock, err = datadir.Open(n.dir); err != nil {
		t.Fatal(err)
	}
	o := engine.Options{Sync: "no", SegmentSize: 256 << 10, TombstoneGrace: time.Hour, SweepInterval: 5 * time.Second}
	if n.store, err = engine.Open(context.Background(), n.lock, o); err != nil {
		t.Fatal(err)
	}
	n.id = n.store.NodeID()
}

// shut closes the store of a node that is not up.
func (n *mockNode) shut(t *testing.T) {
	t.Helper()
	if err := errors.Join(n.store.Close(), n.lock.Close()); err != nil {
		t.Error(err)
	}
	n.store = nil
}

// memoryDir returns a temporary directory, in memory where there is a place for that.
func memoryDir(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "owlcache-sim-") //nolint:usetesting // it has no directory in memory
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // it would be gone with the machine
	return dir
}

// stop takes a node down; with crash the others are not told, and what is queued is lost.
func (g *mockGroup) stop(n *mockNode, crash bool) {
	g.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if crash {
		_ = n.at.Shutdown() // returns nil always
		cancel()
	}
	n.up = false
	if err := n.node.Close(ctx); err != nil {
		g.t.Error(err)
	}
	n.shut(g.t)
}

// close ends everything. What memberlist does not wait for ends within a minute.
func (g *mockGroup) close() {
	for _, n := range g.nodes {
		if n.up { // so that nobody looks for those that go first
			_ = n.at.Shutdown() // returns nil always
		}
	}
	for _, n := range g.nodes {
		switch {
		case n.up:
			g.stop(n, true)
		case n.store != nil:
			n.shut(g.t)
		}
	}
	elapse(time.Minute)
	g.net.close()
}

// cut cuts the network between nodes; nil heals it.
func (g *mockGroup) cut(f func(from, to int) bool) {
	g.net.mu.Lock()
	defer g.net.mu.Unlock()
	g.net.cut = f
}

func (g *mockGroup) setFaults(f mockFaults) {
	g.net.mu.Lock()
	defer g.net.mu.Unlock()
	g.net.faults = f
}

// change makes a random change at a node, if it is up, while nothing else moves.
func (g *mockGroup) change(n *mockNode, number int) {
	g.t.Helper()
	if !n.up {
		return
	}
	synctest.Wait()
	if err := g.truth.Change(g.rng, n.store, number); err != nil {
		g.t.Fatal(err)
	}
}

// settle waits until all nodes are members for each other and equal, and returns how long
// that took.
func (g *mockGroup) settle(within time.Duration) time.Duration {
	g.t.Helper()
	begun := time.Now()
	for {
		why := g.differ()
		if why == "" {
			return time.Since(begun)
		}
		if time.Since(begun) > within {
			g.t.Fatalf("after %v %s%s", within, why, g.describe())
		}
		elapse(250 * time.Millisecond)
	}
}

// differ says what is not as it should be.
func (g *mockGroup) differ() string {
	for _, n := range g.nodes {
		if alive := len(n.node.group.Peers()); alive != len(g.nodes)-1 {
			return fmt.Sprintf("%016x sees %d other nodes", n.id, alive)
		}
	}
	var first, other engine.Digest
	g.nodes[0].store.Digest(&first)
	for _, n := range g.nodes[1:] {
		if n.store.Digest(&other); other != first {
			return fmt.Sprintf("%016x and %016x differ", g.nodes[0].id, n.id)
		}
	}
	return ""
}

func (g *mockGroup) describe() (text string) {
	for _, n := range g.nodes[:min(len(g.nodes), 10)] {
		st := n.store.Stats()
		text += fmt.Sprintf("\n%016x: %d keys, %d tombstones, %+v", n.id, st.Keys, st.Tombstones, n.node.Counters())
	}
	return text
}
