package replicate

import (
	"bytes"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"owlcache/cluster/gossip/internal/wire"
	"owlcache/engine"
)

// pair makes two nodes that have not met; fill makes what the first holds.
func pair(t *testing.T, fill func(a, b *simNode)) (*simNet, *simNode, *simNode) {
	n := newSimNet(1)
	a, b := n.add(t, time.Hour), n.add(t, time.Hour)
	fill(a, b)
	a.start(t)
	b.start(t)
	return n, a, b
}

// merge gives a node an entry of a third one.
func (node *simNode) merge(t testing.TB, entries ...engine.Entry) {
	t.Helper()
	if m, err := node.store.Merge(entries); err != nil || m.Taken != len(entries) {
		t.Fatalf("%d entries: %+v, %v", len(entries), m, err)
	}
}

func version(t time.Time) engine.Version {
	return engine.Version{Time: uint64(t.UnixMilli()) << 16, Node: 77}
}

// Values of the greatest size, and more of them than one answer brings.
func TestLargeValuesGetAcross(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		value := bytes.Repeat([]byte("0123456789abcdef"), engine.MaxValueSize/16)
		n, a, b := pair(t, func(a, _ *simNode) {
			for i, size := range []int{len(value), len(value), 3 << 20, 3 << 20, 3 << 20, 3 << 20, 0} {
				a.set(t, fmt.Sprint("key", i), string(value[:size]))
			}
		})
		defer n.close(t)
		n.settle(t, 10*time.Second)
		b.want(t, "key0", string(value))
		if rounds := b.sync.Counters().Rounds; rounds != 1 {
			t.Errorf("%d rounds", rounds)
		}
		if got := a.sync.Figures(b.id).Sent; got != 7 {
			t.Errorf("%d entries were sent for 7", got)
		}
	})
}

// More entries than fit into one list, most of them on both sides.
func TestLongLists(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		keys := 3*wire.MaxListItems + 5
		if race {
			keys = wire.MaxListItems + 5
		}
		n, a, b := pair(t, func(a, b *simNode) {
			now := time.Now()
			entries := make([]engine.Entry, keys)
			for i := range entries {
				entries[i] = engine.Entry{Key: fmt.Appendf(nil, "key:%d", i), Version: version(now)}
			}
			a.merge(t, entries...)
			b.merge(t, entries[:keys-2000]...)
			b.merge(t, engine.Entry{Key: []byte("other"), Version: version(now)})
		})
		defer n.close(t)
		n.settle(t, 10*time.Second)
		if got := a.sync.Counters().Received + b.sync.Counters().Received; got != 2001 {
			t.Errorf("%d entries were sent; 2001 were lacking", got)
		}
		if st := b.store.Stats(); st.Keys != int64(keys)+1 {
			t.Errorf("%d keys", st.Keys)
		}
	})
}

// What a store does not take is counted, comes again only now and then, and holds
// nothing else up.
func TestRefusedEntriesHoldNothingUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newSimNet(1)
		a, b := n.add(t, time.Hour), n.add(t, time.Hour)
		b.shut(t)
		b.opts.MaxValueSize = 1 << 20
		b.open(t)
		defer n.close(t)
		// More of them than one answer brings, spread over all shards.
		for i := range 20 {
			a.set(t, fmt.Sprint("large", i), string(make([]byte, 2<<20)))
		}
		for i := range 500 {
			a.set(t, fmt.Sprint("small", i), "v")
		}
		a.start(t)
		b.start(t)
		elapse(5 * time.Second)
		if st := b.store.Stats(); st.Keys != 500 {
			t.Errorf("%d of 500 keys got across", st.Keys)
		}
		c := b.sync.Counters()
		if c.Invalid < 20 || c.Invalid > 60 {
			t.Errorf("%d refused of 20", c.Invalid)
		}
		if !b.sync.Matched().IsZero() {
			t.Error("they agree")
		}
	})
}

// A peer whose clock is ahead gets nothing in, and everything once its time has come.
func TestAClockAheadIsRefusedUntilItIsTime(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	// The clock of each bubble starts at the same moment.
	synctest.Test(t, func(t *testing.T) {
		elapse(time.Minute)
		node := &simNode{dir: dir, opts: engine.Options{TombstoneGrace: time.Hour}}
		node.open(t)
		node.set(t, "ahead", "1")
		node.shut(t)
	})
	synctest.Test(t, func(t *testing.T) {
		n := newSimNet(1)
		a, b := n.add(t, time.Hour), n.add(t, time.Hour)
		defer n.close(t)
		n.remove(a)
		a.shut(t)
		a.dir = dir
		a.open(t)
		n.put(a)
		b.set(t, "now", "1")
		a.start(t)
		b.start(t)
		elapse(20 * time.Second)
		a.want(t, "now", "1")
		b.want(t, "ahead", "")
		c := b.sync.Counters()
		if c.Skewed == 0 || c.Skewed > 10 {
			t.Errorf("%d were counted", c.Skewed)
		}
		elapse(time.Minute)
		n.pushPull()
		n.settle(t, 30*time.Second)
		b.want(t, "ahead", "1")
	})
}

// A change that is lost on the way is healed without anybody noticing its loss.
func TestALostPushIsHealed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, a, b := pair(t, func(_, _ *simNode) {})
		defer n.close(t)
		n.settle(t, time.Second)
		n.mu.Lock()
		n.lose = 1
		n.mu.Unlock()
		a.set(t, "lost", "1")
		elapse(100 * time.Millisecond)
		n.mu.Lock()
		n.lose = 0
		n.mu.Unlock()
		b.want(t, "lost", "")
		n.pushPull()
		n.settle(t, time.Second)
		b.want(t, "lost", "1")
	})
}

// Writes while a round goes on are pushed, and nothing is asked for over and over.
func TestAQuietGroupIsQuiet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, a, b := pair(t, func(a, _ *simNode) { a.set(t, "k", "1") })
		defer n.close(t)
		n.settle(t, 5*time.Second)
		elapse(time.Minute)
		before := a.sync.Counters()
		elapse(time.Hour)
		if after := a.sync.Counters(); after != before {
			t.Errorf("nothing happened, and yet: %+v, then %+v", before, after)
		}
		if a.sync.Matched().IsZero() || b.sync.Matched().IsZero() {
			t.Error("no match")
		}
	})
}

// Who finds too many others waiting is told so at once.
func TestABusyPeerSaysSo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, a, b := pair(t, func(_, _ *simNode) {})
		defer n.close(t)
		n.settle(t, time.Second)
		elapse(time.Second)
		a.sync.stop() // nobody answers any more
		synctest.Wait()
		for range answerQueue {
			a.sync.queueAnswer(&wire.List{Sender: b.id})
		}
		b.set(t, "k", "1")
		b.sync.startRound(b.sync.peer(a.id), []engine.HashRange{{Last: ^uint64(0)}}, nil)
		begun := time.Now()
		for b.sync.Counters().Aborted == 0 && time.Since(begun) < time.Minute {
			elapse(10 * time.Millisecond)
		}
		if took := time.Since(begun); took > time.Second {
			t.Errorf("the round ended after %v", took)
		}
	})
}
