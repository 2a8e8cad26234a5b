package gossip

import (
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
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
	until(t, "c knows it", func() bool { return c.isRemoved() && c.sees() })
	meetAll(t, a, b, d)
	until(t, "c listens again", func() bool { ml, _ := c.membership(); return ml != nil })
	for _, n := range []*testNode{a, b, d} {
		until(t, "c is forgotten", func() bool { return n.file.isForgotten(c.Address()) })
		for _, p := range n.file.list() {
			if p.id == 3 {
				t.Fatalf("node %d still has c among its peers", n.id)
			}
		}
	}
	if c.logs.count("was removed from its sync group") != 1 || c.logs.count("by="+idString(2)) != 1 {
		t.Fatal("c does not say so")
	}
	// Neither those who look every quarter of a second, nor c itself, bring it back.
	begun := time.Now()
	until(t, "a few rounds are over", func() bool { return time.Since(begun) > 6*lookEvery })
	if !c.sees() || !d.sees(a, b) {
		t.Fatal("c is back by itself")
	}
	c.close(t)
	c2 := startNode(t, withPort(c))
	if !c2.isRemoved() || !c2.sees() {
		t.Fatal("a restart has brought it back")
	}
	a.Join(c2.Address())
	meetAll(t, a, b, c2, d)
	until(t, "c knows it is back", func() bool { return !c2.isRemoved() && c2.file.removal() == nil })
	until(t, "nobody has it as forgotten", func() bool { return !d.file.isForgotten(c2.Address()) })
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
			a.Forget(idString(2))
			until(t, "b is out", func() bool { return b.isRemoved() && a.sees() && b.sees() })
			back(a, b, seeds)
			meetAll(t, a, b)
			if b.isRemoved() {
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
	until(t, "b is out", func() bool { return b.isRemoved() && a.sees() && b.sees() })
	if !a.file.isForgotten(b.Address()) {
		t.Fatal("a was not told")
	}
}

func TestASeedThatIsForgottenIsNotTried(t *testing.T) {
	t.Parallel()
	a := startNode(t, options(t, 1, nil))
	seeds := seedsOf()
	b := startNode(t, options(t, 2, seeds))
	b.Forget(a.Address()) // which it has never met
	until(t, "it is forgotten", func() bool { return b.file.isForgotten(a.Address()) })
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
		until(t, "it is forgotten", func() bool { return b.file.isForgotten(a.Address()) })
		shown := func(n *testNode) bool {
			return slices.ContainsFunc(n.shown(), func(p Peer) bool { return p.Address == seed && p.LastError == seedForgotten })
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
	until(t, "b is out", func() bool { return b.isRemoved() && a.sees() && b.sees() })
	kept := func(want string) func() bool {
		return func() bool { r := b.file.removal(); return r != nil && r.Seeds == want }
	}
	seeds.set(a.Address())
	until(t, "that one was taken out is noted", kept(a.Address()))
	seeds.set()
	until(t, "that the other was taken out is noted", kept(""))
	if !b.isRemoved() {
		t.Fatal("a seed that was taken out ends the removal")
	}
	b.close(t)
	seeds.set(other)
	b = startNode(t, o)
	if b.isRemoved() {
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
	until(t, "it is out", func() bool { return b.isRemoved() })
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
		if got := n.isRemoved(); got != step.want {
			t.Fatalf("with %v removed is %v", step.list, got)
		}
		n.close(t)
	}
}

func TestRemovalsAreTakenOnce(t *testing.T) {
	now := time.UnixMilli(1_700_000_000_000)
	ms := now.UnixMilli()
	r := newRemovals(now.Add(-10 * time.Minute))
	for _, step := range []struct {
		name   string
		sender uint64
		at     int64
		want   bool
	}{
		{"fresh", 1, ms - 1000, true},
		{"the same again", 1, ms - 1000, false},
		{"an older one", 1, ms - 2000, false},
		{"of another sender", 2, ms - 2000, true},
		{"newer", 1, ms, true},
		{"too old", 3, ms - 60_001, false},
		{"just not too old", 3, ms - 60_000, true},
		{"too far ahead", 4, ms + 60_001, false},
	} {
		if got := r.take(&removeMessage{sender: step.sender, at: step.at}, now); got != step.want {
			t.Errorf("%s: %v", step.name, got)
		}
	}
	if newRemovals(now).take(&removeMessage{sender: 1, at: ms - 1}, now) {
		t.Error("one that is older than the node was taken")
	}
}

func TestARemovalThatIsRepeatedChangesNothing(t *testing.T) {
	t.Parallel()
	a := startNode(t, options(t, 1, nil))
	b := startNode(t, options(t, 2, seedsOf(a.Address())))
	meetAll(t, a, b)
	m := removeMessage{sender: 2, node: 9, at: b.stamp(), address: "127.0.0.1:99"}
	frame := streamFrame(t, testKey, frameLabel, userText(string(m.append(nil))))
	sendStream(t, a, frame)
	until(t, "it is taken", func() bool { return a.file.isForgotten("127.0.0.1:99") })
	a.file.remember("127.0.0.1:99")
	before := a.totals().BadMessages
	sendStream(t, a, frame)
	until(t, "it is counted", func() bool { return a.totals().BadMessages == before+1 })
	if a.file.isForgotten("127.0.0.1:99") {
		t.Fatal("it was taken twice")
	}
	m = removeMessage{sender: 77, node: 1, at: b.stamp(), address: a.Address()}
	sendStream(t, a, streamFrame(t, testKey, frameLabel, userText(string(m.append(nil)))))
	until(t, "one of a stranger is counted", func() bool { return a.totals().BadMessages == before+2 })
	if a.isRemoved() {
		t.Fatal("a stranger has removed a node")
	}
}

func TestRemoveMessage(t *testing.T) {
	m := removeMessage{sender: 1, node: 2, at: 3, address: "10.0.0.1:7"}
	b := m.append(nil)
	want := "\x07\x01\x01\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x0a\x0010.0.0.1:7"
	if string(b) != want {
		t.Fatalf("bytes %q", b)
	}
	var got removeMessage
	if err := got.parse(b); err != nil || got != m {
		t.Fatalf("%+v, %v", got, err)
	}
	for i := range b {
		if err := got.parse(b[:i]); err == nil {
			t.Errorf("%d bytes were taken", i)
		}
	}
	if got.parse(append(b, 0)) == nil {
		t.Error("a longer one was taken")
	}
}

func FuzzRemoveMessage(f *testing.F) {
	m := removeMessage{sender: 1, node: 2, at: 3, address: "10.0.0.1:7"}
	f.Add(m.append(nil))
	f.Add([]byte{kindRemove, messageFormat})
	f.Fuzz(func(t *testing.T, b []byte) {
		var m removeMessage
		if m.parse(b) == nil && string(m.append(nil)) != string(b) {
			t.Fatalf("%q", b)
		}
	})
}
