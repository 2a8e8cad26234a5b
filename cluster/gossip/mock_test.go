package gossip

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// TestGroupOnAFaultyNetwork: whatever a network does to memberlist's packets and streams,
// when it is well again all nodes find each other and hold the greatest version of each
// key.
func TestGroupOnAFaultyNetwork(t *testing.T) {
	for _, c := range []struct{ nodes, steps, seeds, heavySeeds int }{{3, 200, 5, 15}, {10, 150, 1, 3}, {100, 60, 0, 2}} {
		if race {
			c.nodes = min(c.nodes, 30)
		}
		if heavy {
			c.seeds = c.heavySeeds
		}
		for seed := range c.seeds {
			t.Run(fmt.Sprintf("%d nodes, seed %d", c.nodes, seed), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { troubled(t, c.nodes, c.steps, uint64(seed)) })
			})
		}
	}
}

// healWithin is how long a group may take to be the same again.
const healWithin = time.Minute

func troubled(t *testing.T, nodes, steps int, seed uint64) {
	g := newMockGroup(t, nodes, seed)
	defer g.close()
	for _, n := range g.nodes {
		g.start(n)
	}
	begun := g.settle(healWithin)
	g.setFaults(mockFaults{
		lose: g.rng.Float64() / 5, repeat: g.rng.Float64() / 5, breaks: g.rng.Float64() / 5,
		delay: time.Duration(g.rng.IntN(300)) * time.Millisecond,
	})
	for step := range steps {
		g.step(step)
	}
	g.setFaults(mockFaults{})
	g.cut(nil)
	for _, n := range g.nodes {
		if !n.up {
			g.start(n)
		}
	}
	healed := g.settle(healWithin)
	t.Logf("seed %d: %d nodes were the same %v after the start, and %v after the network was well", seed, nodes, begun, healed)
	for _, n := range g.nodes {
		if err := g.truth.Check(n.store); err != nil {
			t.Error(err)
		}
	}
}

// step does one random thing.
func (g *mockGroup) step(number int) {
	nodes := len(g.nodes)
	n := g.nodes[g.rng.IntN(nodes)]
	switch x := g.rng.IntN(100); {
	case x < 2:
		k := 1 + g.rng.IntN(nodes-1)
		g.cut(func(from, to int) bool { return (from < k) != (to < k) })
	case x < 4:
		one := g.rng.IntN(nodes)
		g.cut(func(from, _ int) bool { return from == one }) // in one direction
	case x < 8:
		g.cut(nil)
	case x < 11 && n.up:
		g.stop(n, g.rng.IntN(2) == 0)
	case x < 13 && !n.up:
		g.start(n)
	case x < 35:
		elapse(time.Duration(g.rng.IntN(2000)) * time.Millisecond)
	default:
		g.change(n, number)
	}
}
