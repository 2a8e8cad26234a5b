package membership

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"

	"owlcache/cluster/gossip/internal/peers"
	"owlcache/cluster/gossip/internal/transport"
	"owlcache/cluster/gossip/internal/wire"
)

// fakeReceiver notes what membership tells it.
type fakeReceiver struct {
	mu     sync.Mutex
	events []string // "+id" and "-id"
	msgs   []string // messages and states
	text   string   // its state
}

func (c *fakeReceiver) note(list *[]string, s string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*list = append(*list, s)
}

func (c *fakeReceiver) Receive(msg []byte) { c.note(&c.msgs, string(msg)) }
func (c *fakeReceiver) LocalState() []byte { return []byte(c.state()) }
func (c *fakeReceiver) Joined(peer uint64) { c.note(&c.events, "+"+wire.Name(peer)) }
func (c *fakeReceiver) Left(peer uint64)   { c.note(&c.events, "-"+wire.Name(peer)) }
func (c *fakeReceiver) Doubted(uint64)     {}

func (c *fakeReceiver) state() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text
}

func (c *fakeReceiver) set(state string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text = state
}

// has tells whether a list of c has s.
func (c *fakeReceiver) has(list *[]string, s string) bool {
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

func (s *seedList) Members() []string {
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

// testNode is a member that replicates nothing.
type testNode struct {
	*Group
	file *peers.File
	fake *fakeReceiver
	logs *logText
	opts testOptions

	closing sync.Once
}

// testOptions are those of a node, with which it can be started again.
type testOptions struct {
	Options
	path string // of the file of peers
}

const testKey = "a key of sixteen bytes or more"

// options returns those of a node on loopback, which is quicker than others.
func options(t *testing.T, id uint64, seeds Seeds) testOptions {
	return testOptions{
		path: filepath.Join(t.TempDir(), "peers.json"),
		Options: Options{
			ID: id, AuthKey: testKey, Seeds: seeds, Interval: time.Second, Quiet: 3 * time.Second, Tune: quick,
			Port: transport.Options{BindAddr: "127.0.0.1", Dial: 3 * time.Second, Stream: 10 * time.Second},
		},
	}
}

func quick(c *memberlist.Config) {
	c.ProbeInterval, c.ProbeTimeout = 200*time.Millisecond, 100*time.Millisecond
	c.GossipInterval, c.SuspicionMult = 20*time.Millisecond, 5 // a busy machine does not answer at once
}

// startNode starts a node and closes it with the test.
func startNode(t *testing.T, o testOptions) *testNode {
	t.Helper()
	var n *testNode
	until(t, "the node can listen", func() bool {
		var err error
		if n, err = start(t, o); err != nil && (o.Port.BindPort == 0 || !errors.Is(err, syscall.EADDRINUSE)) {
			t.Fatal(err)
		}
		return err == nil // else somebody has the port for a moment
	})
	t.Cleanup(func() {
		n.close(t)
		if t.Failed() {
			t.Logf("log of %016x:\n%s", n.id, n.logs)
		}
	})
	return n
}

func start(t *testing.T, o testOptions) (*testNode, error) {
	t.Helper()
	n := &testNode{fake: &fakeReceiver{text: "state of " + wire.Name(o.ID)}, logs: &logText{}, opts: o}
	o.Logger = slog.New(slog.NewTextHandler(n.logs, nil))
	o.Port.Logger = o.Logger
	var err error
	if n.file, err = peers.Open(o.path, o.ID, o.Logger); err != nil {
		return nil, err
	}
	o.File = n.file
	if n.Group, err = New(o.Options); err != nil {
		n.file.Close()
		return nil, err
	}
	if err := n.Start(n.fake); err != nil {
		t.Fatal(err)
	}
	return n, nil
}

// totals is a Tally at some time.
type totals struct{ BadFrames, BadMessages, Refused uint64 }

func (n *testNode) Counters() totals {
	t := n.Tally()
	return totals{t.BadFrames.Load(), t.BadMessages.Load(), t.Refused.Load()}
}

func (n *testNode) close(t *testing.T) {
	t.Helper()
	n.closing.Do(func() {
		if err := n.Close(context.Background()); err != nil {
			t.Error(err)
		}
		n.file.Close()
	})
}

// kill ends a node without a word to the others.
func (n *testNode) kill(t *testing.T) {
	t.Helper()
	n.turn.Lock()
	ml, d := n.current()
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
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(2 * time.Minute); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

// sees tells whether the live peers of n are exactly some nodes.
func (n *testNode) sees(others ...*testNode) bool {
	var ids []uint64
	for _, o := range others {
		ids = append(ids, o.id)
	}
	slices.Sort(ids)
	return slices.Equal(n.Peers(), ids)
}

// meetAll waits until all of some nodes see each other, and nobody else.
func meetAll(t *testing.T, nodes ...*testNode) {
	t.Helper()
	for i, n := range nodes {
		others := slices.Delete(slices.Clone(nodes), i, i+1)
		until(t, wire.Name(n.id)+" sees the others", func() bool { return n.sees(others...) })
	}
}

// peer returns what n knows of a node.
func (n *testNode) peer(id uint64) Peer {
	for _, p := range n.Known() {
		if p.ID == id {
			return p
		}
	}
	return Peer{}
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }
