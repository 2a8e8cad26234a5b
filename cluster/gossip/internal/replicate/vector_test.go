package replicate

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"owlcache/cluster/gossip/internal/wire"
)

func at(after, last uint64) wire.Span { return wire.Span{After: after, Last: last} }

func TestSpans(t *testing.T) {
	t.Parallel()
	var l spans
	for _, s := range (spans{at(10, 20), at(30, 40), at(40, 50), at(5, 10), at(60, 70), at(15, 35)}) {
		l = l.add(s)
	}
	if d := cmp.Diff(l, spans{at(5, 50), at(60, 70)}); d != "" {
		t.Error(d)
	}
	for v, want := range map[uint64]bool{5: false, 6: true, 50: true, 51: false, 60: false, 61: true, 70: true, 71: false} {
		if l.cover(v) != want {
			t.Errorf("%d is covered: %v", v, !want)
		}
	}
	for i := range uint64(10 * maxSpans) {
		l = l.add(at(1000+10*i, 1001+10*i))
	}
	if len(l) != maxSpans || l[0] != at(5, 50) {
		t.Error("the shortest go first, and are bounded", l)
	}
}

func TestVectorIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newSimNet(1)
		node := n.add(t, time.Hour)
		defer n.close(t)
		v := newVector(node.store, nil)
		for i := range uint64(2 * wire.MaxNodes) {
			v.agreed([]wire.NodeSpan{{Node: 100 + i, Span: at(0, 2+i)}})
		}
		v.agreed([]wire.NodeSpan{{Node: 99, Span: at(0, ^uint64(0))}}) // far ahead: of a faulty node
		if len(v.seen) > wire.MaxNodes || v.seen[99] != nil || v.seen[100] != nil || v.seen[99+2*wire.MaxNodes] == nil {
			t.Error(len(v.seen), v.seen[99], v.seen[100])
		}
		if again := newVector(node.store, v.get()); len(again.seen) < wire.MaxNodes-1 || again.seen[99+2*wire.MaxNodes] == nil {
			t.Error("what was saved is lost")
		}
	})
}
