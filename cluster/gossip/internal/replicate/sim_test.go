package replicate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"owlcache/cluster/gossip/internal/wire"
	"owlcache/engine"
	"owlcache/engine/datadir"
)

// simNet carries messages between the Replicators of one process, and loses, repeats and
// delays them.
type simNet struct {
	mu    sync.Mutex // protects what follows
	rng   *rand.Rand
	nodes map[uint64]*simNode
	cut   func(from, to uint64) bool
	// chances of one message, and the greatest delay
	fail, lose, repeat float64
	delay              time.Duration
	wg                 sync.WaitGroup
}

// simNode is a node of a simNet. It outlives restarts of its store.
type simNode struct {
	net   *simNet
	id    uint64
	dir   string
	opts  engine.Options
	lock  *datadir.Dir
	store *engine.Store
	sync  *Replicator
	up    bool

	// over restarts
	saved    []wire.NodeSpan
	savedLSN uint64
}

var errSimNet = errors.New("network is down")

// port is how a node sends.
type port struct{ *simNode }

func (p port) Peers() (ids []uint64) {
	n := p.net
	n.mu.Lock()
	defer n.mu.Unlock()
	for id, node := range n.nodes {
		if id != p.id && node.up && !n.isCutLocked(p.id, id) && !n.isCutLocked(id, p.id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

func (n *simNet) isCutLocked(from, to uint64) bool { return n.cut != nil && n.cut(from, to) }

func (p port) Send(peer uint64, msg []byte) error {
	n := p.net
	n.mu.Lock()
	to := n.nodes[peer]
	times, delays := 1, [2]time.Duration{}
	switch x := n.rng.Float64(); {
	case to == nil || !to.up || !p.up || n.isCutLocked(p.id, peer) || x < n.fail:
		n.mu.Unlock()
		return errSimNet
	case x < n.fail+n.lose:
		times = 0
	case x < n.fail+n.lose+n.repeat:
		times = 2
	}
	for i := range delays {
		if n.delay > 0 {
			delays[i] = time.Duration(n.rng.Int64N(int64(n.delay)))
		}
	}
	n.mu.Unlock()
	for _, d := range delays[:times] {
		n.wg.Go(func() {
			<-time.After(d)
			n.mu.Lock()
			s, ok := to.sync, to.up && !n.isCutLocked(p.id, peer)
			n.mu.Unlock()
			if ok {
				s.Receive(slices.Clone(msg))
			}
		})
	}
	return nil
}

func newSimNet(seed uint64) *simNet {
	return &simNet{rng: rand.New(rand.NewPCG(seed, 1)), nodes: make(map[uint64]*simNode)}
}

// simSegment is the size of a log segment in simulations: each is filled with zeros first.
const simSegment = 256 << 10

// simDir returns a temporary directory, in memory where there is a place for that.
func simDir(t testing.TB) string {
	dir, err := os.MkdirTemp("/dev/shm", "owlcache-sim-") //nolint:usetesting // it has no directory in memory
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // it would be gone with the machine
	return dir
}

// add adds a node that is not up.
func (n *simNet) add(t testing.TB, grace time.Duration) *simNode {
	node := &simNode{
		net: n, dir: simDir(t),
		opts: engine.Options{Sync: "no", SegmentSize: simSegment, TombstoneGrace: grace, SweepInterval: time.Second},
	}
	node.open(t)
	n.put(node)
	return node
}

func (n *simNet) put(node *simNode) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.nodes[node.id] = node
}

func (n *simNet) remove(node *simNode) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.nodes, node.id)
}

func (node *simNode) open(t testing.TB) {
	t.Helper()
	var err error
	if node.lock, err = datadir.Open(node.dir); err != nil {
		t.Fatal(err)
	}
	if node.store, err = engine.Open(context.Background(), node.lock, node.opts); err != nil {
		t.Fatal(err)
	}
	node.id = node.store.NodeID()
}

// start brings a node up, and tells everybody who can see it.
func (node *simNode) start(t testing.TB) {
	t.Helper()
	if node.store == nil {
		node.open(t)
	}
	s := New(Options{
		Store: node.store, Seen: node.trusted(), Grace: node.opts.TombstoneGrace, QueueBytes: 64 << 20, InboxBytes: 64 << 20,
		Interval: 10 * time.Second, Patience: 5 * time.Second, Logger: slog.New(slog.DiscardHandler),
	}, port{node})
	node.net.mu.Lock()
	node.sync, node.up = s, true
	node.net.mu.Unlock()
	node.net.meet()
}

// trusted returns what was saved, as the file of peers does.
func (node *simNode) trusted() []wire.NodeSpan {
	if node.savedLSN > node.store.Recovered().LSN {
		node.saved = nil
	}
	return node.saved
}

// stop takes a node down with its store.
func (node *simNode) stop(t testing.TB) {
	t.Helper()
	node.net.mu.Lock()
	node.up = false
	s := node.sync
	node.net.mu.Unlock()
	s.Close()
	node.saved, node.savedLSN = s.Versions()
	for _, other := range node.net.nodes {
		if other.up && other.sync != nil {
			other.sync.Left(node.id)
		}
	}
	node.shut(t)
}

// shut closes the store of a node that is not up.
func (node *simNode) shut(t testing.TB) {
	t.Helper()
	if err := errors.Join(node.store.Close(), node.lock.Close()); err != nil {
		t.Error(err)
	}
	node.store = nil
}

// meet tells all nodes that are up of those that they can reach, and of the others.
func (n *simNet) meet() {
	for _, a := range n.nodes {
		if !a.up {
			continue
		}
		reach := port{a}.Peers()
		for id := range n.nodes {
			if id == a.id {
				continue
			}
			if slices.Contains(reach, id) {
				a.sync.Joined(id)
			} else {
				a.sync.Left(id)
			}
		}
	}
}

// partition cuts the network between nodes for which cut is true; nil heals it.
func (n *simNet) partition(cut func(from, to uint64) bool) {
	n.mu.Lock()
	n.cut = cut
	n.mu.Unlock()
	n.meet()
}

// pushPull does what memberlist does each Interval: two nodes exchange their states.
func (n *simNet) pushPull() {
	n.mu.Lock()
	var up []*simNode
	for _, id := range slices.Sorted(keysOf(n.nodes)) {
		if n.nodes[id].up {
			up = append(up, n.nodes[id])
		}
	}
	n.mu.Unlock()
	for _, a := range up {
		peers := port{a}.Peers()
		if len(peers) == 0 {
			continue
		}
		n.mu.Lock()
		b := n.nodes[peers[n.rng.IntN(len(peers))]]
		n.mu.Unlock()
		fromA, fromB := a.sync.LocalState(), b.sync.LocalState()
		b.sync.Receive(fromA)
		a.sync.Receive(fromB)
	}
}

func keysOf[K comparable, V any](m map[K]V) func(func(K) bool) {
	return func(yield func(K) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// equal tells whether all nodes that are up have the same digest.
func (n *simNet) equal() bool {
	var first *engine.Digest
	for _, node := range n.nodes {
		if !node.up {
			continue
		}
		d := new(engine.Digest)
		node.store.Digest(d)
		if first == nil {
			first = d
		} else if *d != *first {
			return false
		}
	}
	return true
}

// elapse lets virtual time pass, in the bubble of a test, and all that is due in it happen.
func elapse(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// settle waits until all nodes are equal.
func (n *simNet) settle(t testing.TB, within time.Duration) {
	t.Helper()
	begun := time.Now()
	for last := begun; !n.equal(); {
		if time.Since(begun) > within {
			t.Fatalf("nodes differ after %v: %s", within, n.describe())
		}
		<-time.After(200 * time.Millisecond)
		if time.Since(last) > 10*time.Second {
			last = time.Now()
			n.pushPull()
		}
	}
}

func (n *simNet) describe() (text string) {
	for _, id := range slices.Sorted(keysOf(n.nodes)) {
		if node := n.nodes[id]; node.up {
			st := node.store.Stats()
			text += fmt.Sprintf("\n%016x: %d keys, %d tombstones, %+v", id, st.Keys, st.Tombstones, node.sync.Counters())
		}
	}
	return text
}

// close ends all nodes.
func (n *simNet) close(t testing.TB) {
	t.Helper()
	for _, node := range n.nodes {
		if node.up {
			node.stop(t)
		} else if node.store != nil {
			node.shut(t)
		}
	}
	n.wg.Wait()
}

func copyFile(t testing.TB, from, to, name string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(from, name))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(to, name), b, 0o600); err != nil {
		t.Fatal(err)
	}
}
