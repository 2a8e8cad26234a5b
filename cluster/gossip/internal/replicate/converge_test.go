package replicate

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"owlcache/cluster/gossip/internal/oracle"
)

// TestConvergence: whatever the network does, when it is well again all nodes hold the
// greatest version of each key.
func TestConvergence(t *testing.T) {
	t.Parallel()
	seeds := 15
	if heavy {
		seeds = 150
	}
	if race {
		seeds /= 3
	}
	for _, nodes := range []int{3, 5} {
		for seed := range seeds {
			t.Run(fmt.Sprintf("%d nodes, seed %d", nodes, seed), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { converge(t, nodes, uint64(seed)) })
			})
		}
	}
}

func converge(t *testing.T, nodes int, seed uint64) {
	n := newSimNet(seed)
	rng := rand.New(rand.NewPCG(seed, 2))
	n.fail, n.lose, n.repeat = rng.Float64()/5, rng.Float64()/5, rng.Float64()/5
	n.delay = time.Duration(rng.IntN(400)) * time.Millisecond
	var all []*simNode
	for range nodes {
		all = append(all, n.add(t, time.Hour))
	}
	defer n.close(t)
	for _, node := range all {
		node.start(t)
	}
	truth := oracle.New()
	for step := range 300 {
		switch x := rng.IntN(100); {
		case x < 3:
			split := rng.Uint64()
			n.partition(func(from, to uint64) bool { return (from^split)%3 == 0 != ((to^split)%3 == 0) })
		case x < 5:
			one := all[rng.IntN(nodes)].id
			n.partition(func(from, _ uint64) bool { return from == one }) // in one direction
		case x < 8:
			n.partition(nil)
		case x < 10:
			node := all[rng.IntN(nodes)]
			if node.up {
				node.stop(t)
			} else {
				node.start(t)
			}
		case x < 20:
			elapse(time.Duration(rng.IntN(2000)) * time.Millisecond)
			if rng.IntN(3) == 0 { // of what is exchanged, digests are by far the most
				n.pushPull()
			}
		default:
			node := all[rng.IntN(nodes)]
			if !node.up {
				continue
			}
			if err := truth.Change(rng, node.store, step); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, node := range all {
		if !node.up {
			node.start(t)
		}
	}
	n.mu.Lock()
	n.fail, n.lose, n.repeat = 0, 0, 0
	n.mu.Unlock()
	n.partition(nil)
	n.settle(t, time.Minute)
	for _, node := range all {
		if err := truth.Check(node.store); err != nil {
			t.Error(err)
		}
	}
}
