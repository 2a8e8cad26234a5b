package membership

import (
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"owlcache/cluster/gossip/internal/wire"
)

func TestARemovedNodeLeavesAndStaysAway(t *testing.T) {
	t.Parallel()
	a := startNode(t, options(t, 1, nil))
	b := startNode(t, options(t, 2, seedsOf(a.Address())))
	c := startNode(t, options(t, 3, seedsOf(a.Address())))
	d := startNode(t, options(t, 4, seedsOf(a.Address(), c.Address()))) // has the removed one as a seed
	meetAll(t, a, b, c, d)
	for _, n := range []*testNode{a, b, c, d} {
		n.o.Quiet = 200 * time.Millisecond
	}
	c.o.Quiet = time.Second
	b.Forget(c.Address())
	until(t, "c knows it", func() bool { return c.Removed() && c.sees() })
	meetAll(t, a, b, d)
	until(t, "c listens again", func() bool { ml, _ := c.current(); return ml != nil })
	for _, n := range []*testNode{a, b, d} {
		until(t, "c is forgotten", func() bool { return n.file.IsForgotten(c.Address()) })
		for _, p := range n.file.List() {
			if p.ID == 3 {
				t.Fatalf("node %d still has c among its peers", n.id)
			}
		}
	}
	if c.logs.count("was removed from its sync group") != 1 || c.logs.count("by="+wire.Name(2)) != 1 {
		t.Fatal("c does not say so")
	}
	// Neither those who look every quarter of a second, nor c itself, bring it back.
	begun := time.Now()
	until(t, "a few rounds are over", func() bool { return time.Since(begun) > 6*lookEvery })
	if !c.sees() || !c.Removed() {
		t.Fatal("c is back by itself")
	}
	meetAll(t, a, b, d)
	c.close(t)
	c2 := startNode(t, withPort(c))
	if !c2.Removed() || !c2.sees() {
		t.Fatal("a restart has brought it back")
	}
	a.Join(c2.Address())
	meetAll(t, a, b, c2, d)
	until(t, "c knows it is back", func() bool { return !c2.Removed() && c2.file.Removal() == nil })
	until(t, "nobody has it as forgotten", func() bool { return !d.file.IsForgotten(c2.Address()) })
}

// withPort returns the options of a node, with the port that it had.
func withPort(n *testNode) testOptions {
	o := n.opts
	_, port, _ := net.SplitHostPort(n.Address())
	o.Port.BindPort, _ = strconv.Atoi(port)
	return o
}

func TestARemovedNodeComesBackWhenAsked(t *testing.T) {
	t.Parallel()
	for name, back := range map[string]func(a, b *testNode, seeds *seedList){
		"by Join":                       func(a, b *testNode, _ *seedList) { b.Join(a.Address()) },
		"by Join on a member":           func(a, b *testNode, _ *seedList) { a.Join(b.Address()) },
		"by another list of seeds":      func(a, _ *testNode, seeds *seedList) { seeds.set(a.Address(), "127.0.0.1:9") },
		"by Join of a name on a member": func(a, b *testNode, _ *seedList) { a.Join(strings.Replace(b.Address(), "127.0.0.1", "localhost", 1)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := startNode(t, options(t, 1, nil))
			seeds := seedsOf(a.Address())
			b := startNode(t, options(t, 2, seeds))
			meetAll(t, a, b)
			b.o.Quiet = 500 * time.Millisecond
			a.Forget(wire.Name(2))
			until(t, "b is out", func() bool { return b.Removed() && a.sees() && b.sees() })
			back(a, b, seeds)
			meetAll(t, a, b)
			if b.Removed() {
				t.Fatal("it still counts as removed")
			}
		})
	}
}

func TestANodeMayRemoveItself(t *testing.T) {
	t.Parallel()
	a := startNode(t, options(t, 1, nil))
	b := startNode(t, options(t, 2, seedsOf(a.Address())))
	meetAll(t, a, b)
	b.Forget(b.Address())
	until(t, "b is out", func() bool { return b.Removed() && a.sees() && b.sees() })
	if !a.file.IsForgotten(b.Address()) {
		t.Fatal("a was not told")
	}
}

func TestASeedThatIsForgottenIsNotTried(t *testing.T) {
	t.Parallel()
	a := startNode(t, options(t, 1, nil))
	seeds := seedsOf()
	b := startNode(t, options(t, 2, seeds))
	b.Forget(a.Address()) // which it has never met
	until(t, "it is forgotten", func() bool { return b.file.IsForgotten(a.Address()) })
	seeds.set(a.Address()) // the first one
	meetAll(t, a, b)
}

// A seed that is in the list and was removed is shown, with the reason.
func TestASeedThatWasRemovedIsShown(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"127.0.0.1", "localhost"} {
		a := startNode(t, options(t, 1, nil))
		seed := strings.Replace(a.Address(), "127.0.0.1", host, 1)
		b := startNode(t, options(t, 2, seedsOf(seed)))
		meetAll(t, a, b)
		a.close(t)
		until(t, "a is gone", func() bool { return b.sees() })
		b.Forget(a.Address())
		until(t, "it is forgotten", func() bool { return b.file.IsForgotten(a.Address()) })
		shown := func(n *testNode) bool {
			return slices.ContainsFunc(n.Known(), func(p Peer) bool { return p.Address == seed && p.LastError == seedForgotten })
		}
		until(t, "the reason is shown", func() bool { return shown(b) })
		b.close(t)
		a2, b2 := startNode(t, withPort(a)), startNode(t, b.opts)
		if host == "127.0.0.1" { // what a name stands for is not known before it is tried
			until(t, "the reason is shown after a restart", func() bool { return shown(b2) })
		}
		b2.Join(seed)
		meetAll(t, a2, b2)
		until(t, "it is no more", func() bool { return !shown(b2) })
		a2.close(t)
		b2.close(t)
	}
}

func TestARemovalEndsOnlyWhenASeedIsAdded(t *testing.T) {
	t.Parallel()
	a := startNode(t, options(t, 1, nil))
	other := "127.0.0.1:9"
	seeds := seedsOf(a.Address(), other)
	o := options(t, 2, seeds)
	b := startNode(t, o)
	meetAll(t, a, b)
	b.o.Quiet = 100 * time.Millisecond
	a.Forget(b.Address())
	until(t, "b is out", func() bool { return b.Removed() && a.sees() && b.sees() })
	kept := func(want string) func() bool {
		return func() bool { r := b.file.Removal(); return r != nil && r.Seeds == want }
	}
	seeds.set(a.Address())
	until(t, "that one was taken out is noted", kept(a.Address()))
	seeds.set()
	until(t, "that the other was taken out is noted", kept(""))
	if !b.Removed() {
		t.Fatal("a seed that was taken out ends the removal")
	}
	b.close(t)
	seeds.set(other)
	b = startNode(t, o)
	if b.Removed() {
		t.Fatal("a seed that was added while the node was down does not end the removal")
	}
	b.close(t)
}

func TestRemovalsSurviveARestartWithFewerSeeds(t *testing.T) {
	t.Parallel()
	seeds := seedsOf("127.0.0.1:9", "127.0.0.1:8")
	o := options(t, 2, seeds)
	b := startNode(t, o)
	b.Forget(b.Address())
	until(t, "it is out", func() bool { return b.Removed() })
	b.close(t)
	for _, step := range []struct {
		list []string
		want bool
	}{
		{[]string{"127.0.0.1:8", "127.0.0.1:9"}, true}, // the order is of no matter
		{[]string{"127.0.0.1:8"}, true},
		{[]string{"127.0.0.1:9"}, false},
	} {
		seeds.set(step.list...)
		n := startNode(t, o)
		if got := n.Removed(); got != step.want {
			t.Fatalf("with %v removed is %v", step.list, got)
		}
		n.close(t)
	}
}

func TestARemovalThatIsRepeatedChangesNothing(t *testing.T) {
	t.Parallel()
	a := startNode(t, options(t, 1, nil))
	b := startNode(t, options(t, 2, seedsOf(a.Address())))
	meetAll(t, a, b)
	m := wire.Remove{Sender: 2, Node: 9, At: b.stamp(), Address: "127.0.0.1:99"}
	frame := streamFrame(t, testKey, label, userText(string(m.Append(nil))))
	sendStream(t, a, frame)
	until(t, "it is taken", func() bool { return a.file.IsForgotten("127.0.0.1:99") })
	a.file.Remember("127.0.0.1:99")
	before := a.Counters().BadMessages
	sendStream(t, a, frame)
	until(t, "it is counted", func() bool { return a.Counters().BadMessages == before+1 })
	if a.file.IsForgotten("127.0.0.1:99") {
		t.Fatal("it was taken twice")
	}
	m = wire.Remove{Sender: 77, Node: 1, At: b.stamp(), Address: a.Address()}
	sendStream(t, a, streamFrame(t, testKey, label, userText(string(m.Append(nil)))))
	until(t, "one of a stranger is counted", func() bool { return a.Counters().BadMessages == before+2 })
	if a.Removed() {
		t.Fatal("a stranger has removed a node")
	}
}
