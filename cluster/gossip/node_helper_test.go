package gossip

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"

	"owlcache/engine"
)

// idStore is a store of which membership needs the id alone.
type idStore struct {
	Store
	id uint64
}

func (s idStore) NodeID() uint64 { return s.id }

func (s idStore) Recovered() engine.Recovered { return engine.Recovered{LSN: 1 << 62} }

// fakeCore notes what membership tells it.
type fakeCore struct {
	mu     sync.Mutex
	events []string // "+id" and "-id"
	msgs   []string
	states []string
	closed bool
	text   string // its state
}

func (c *fakeCore) note(list *[]string, s string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*list = append(*list, s)
}

func (c *fakeCore) receive(msg []byte)         { c.note(&c.msgs, string(msg)) }
func (c *fakeCore) localState() []byte         { return []byte(c.state()) }
func (c *fakeCore) mergeState(buf []byte)      { c.note(&c.states, string(buf)) }
func (c *fakeCore) joined(peer uint64)         { c.note(&c.events, "+"+idString(peer)) }
func (c *fakeCore) left(peer uint64)           { c.note(&c.events, "-"+idString(peer)) }
func (c *fakeCore) doubted(uint64)             {}
func (c *fakeCore) versions() savedVector      { return savedVector{} }
func (c *fakeCore) drain(context.Context)      {}
func (c *fakeCore) figures(uint64) peerFigures { return peerFigures{} }
func (c *fakeCore) totals() Counters           { return Counters{} }
func (c *fakeCore) matched() (never time.Time) { return never }
func (c *fakeCore) waiting() int64             { return 0 }

func (c *fakeCore) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
}

func (c *fakeCore) state() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text
}

func (c *fakeCore) set(state string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text = state
}

// has tells whether a list of c has s.
func (c *fakeCore) has(list *[]string, s string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Contains(*list, s)
}

// seedList are seeds that a test can change.
type seedList struct {
	mu   sync.Mutex
	list []string
}

func seedsOf(list ...string) *seedList { return &seedList{list: list} }

func (s *seedList) Addresses() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.list
}

func (s *seedList) set(list ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = list
}

// logText is a log that tests can search.
type logText struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logText) count(s string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), s)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// testNode is a node with a fake core.
type testNode struct {
	*Node
	fake *fakeCore
	logs *logText
	opts Options
}

const testKey = "a key of sixteen bytes or more"

// options returns those of a node on loopback, which is quicker than others.
func options(t *testing.T, id uint64, seeds Seeds) Options {
	return Options{
		Store: idStore{id: id}, PeersFile: filepath.Join(t.TempDir(), "peers.json"), AuthKey: testKey, Seeds: seeds,
		Interval: time.Second, tune: quick,
	}
}

func quick(c *memberlist.Config) {
	c.ProbeInterval, c.ProbeTimeout = 200*time.Millisecond, 100*time.Millisecond
	c.GossipInterval, c.SuspicionMult = 20*time.Millisecond, 2
}

// startNode starts a node and closes it with the test.
func startNode(t *testing.T, o Options) *testNode {
	t.Helper()
	n := &testNode{fake: &fakeCore{text: "state of " + idString(o.Store.NodeID())}, logs: &logText{}, opts: o}
	o.Logger = slog.New(slog.NewTextHandler(n.logs, nil))
	var err error
	if n.Node, err = start(o, func(Options, network, *savedVector) core { return n.fake }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		n.close(t)
		if t.Failed() {
			t.Logf("log of %016x:\n%s", n.id, n.logs)
		}
	})
	return n
}

func (n *testNode) close(t *testing.T) {
	t.Helper()
	if err := n.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// kill ends a node without a word to the others.
func (n *testNode) kill(t *testing.T) {
	t.Helper()
	n.turn.Lock()
	ml, d := n.membership()
	d.over.Store(true)
	n.mu.Lock()
	n.ml, n.delegate = nil, nil
	n.mu.Unlock()
	_ = ml.Shutdown()
	n.turn.Unlock()
	n.close(t)
}

// until waits for a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within 30 s: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// sees tells whether the live peers of n are exactly some nodes.
func (n *testNode) sees(others ...*testNode) bool {
	var ids []uint64
	for _, o := range others {
		ids = append(ids, o.id)
	}
	slices.Sort(ids)
	return slices.Equal(n.peers(), ids)
}

// meetAll waits until all of some nodes see each other, and nobody else.
func meetAll(t *testing.T, nodes ...*testNode) {
	t.Helper()
	for i, n := range nodes {
		others := slices.Delete(slices.Clone(nodes), i, i+1)
		until(t, idString(n.id)+" sees the others", func() bool { return n.sees(others...) })
	}
}

// peer returns what n knows of a node.
func (n *testNode) peer(id uint64) PeerStatus {
	for _, p := range n.Status().Peers {
		if p.Node == idString(id) {
			return p
		}
	}
	return PeerStatus{}
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }
