package gossip

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"owlcache/engine"
)

var simSeeds = flag.Int("sim.seeds", usualSeeds, "seeds of the simulations")

// truth is what has been acknowledged: of each key the greatest version.
type truth struct {
	mu   sync.Mutex
	keys map[string]engine.Entry
}

func (tr *truth) note(key, value string, v engine.Version, expires int64, deleted bool) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if v.Compare(tr.keys[key].Version) > 0 {
		tr.keys[key] = engine.Entry{Value: []byte(value), Version: v, Expires: expires, Tombstone: deleted}
	}
}

// check compares a node with the truth.
func (tr *truth) check(t *testing.T, node *simNode) {
	t.Helper()
	now := time.Now().UnixMilli()
	for key, want := range tr.keys {
		value, meta, ok := node.store.Get(nil, []byte(key))
		live := !want.Tombstone && (want.Expires == 0 || want.Expires > now)
		switch {
		case live != ok:
			t.Errorf("node %016x: %q is there: %v; want %v (%v)", node.id, key, ok, live, want.Version)
		case ok && (meta.Version != want.Version || string(value) != string(want.Value)):
			t.Errorf("node %016x: %q is %q of %v; want %q of %v", node.id, key, value, meta.Version, want.Value, want.Version)
		}
	}
	if st := node.store.Stats(); int(st.Keys+st.Tombstones) > len(tr.keys) {
		t.Errorf("node %016x has %d keys and %d tombstones; only %d were ever written", node.id, st.Keys, st.Tombstones, len(tr.keys))
	}
}

// change makes one random change at a node.
func (tr *truth) change(rng *rand.Rand, node *simNode, n int) error {
	key := fmt.Sprintf("key:%d", rng.IntN(60))
	value := fmt.Sprintf("%x-%d", node.id, n)
	switch x := rng.IntN(10); {
	case x < 6:
		var expires int64
		if x == 0 {
			expires = time.Now().Add(time.Duration(rng.IntN(8000)) * time.Millisecond).UnixMilli()
		}
		meta, err := node.store.Set([]byte(key), []byte(value), expires)
		if err == nil {
			tr.note(key, value, meta.Version, expires, false)
		}
		return err
	case x < 9:
		ops := []engine.Op{{Kind: engine.Delete, Key: []byte(key)}}
		if err := node.store.Commit(ops); err != nil || ops[0].Err != nil {
			return err
		}
		tr.note(key, "", ops[0].Meta.Version, 0, true)
	default:
		expires := time.Now().Add(time.Duration(1000+rng.IntN(20000)) * time.Millisecond).UnixMilli()
		meta, err := node.store.Expire([]byte(key), expires)
		if errors.Is(err, engine.ErrNotFound) {
			return nil
		} else if err != nil {
			return err
		}
		// The value is the one of the version before, whoever wrote it.
		got, now, ok := node.store.Get(nil, []byte(key))
		if ok && now.Version == meta.Version {
			tr.note(key, string(got), meta.Version, expires, false)
		} else {
			return errUnclear
		}
	}
	return nil
}

var errUnclear = errors.New("the entry has changed meanwhile")

// TestConvergence: whatever the network does, when it is well again all nodes hold the
// greatest version of each key.
func TestConvergence(t *testing.T) {
	for _, nodes := range []int{3, 5} {
		for seed := range *simSeeds {
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
	tr := &truth{keys: make(map[string]engine.Entry)}
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
			time.Sleep(time.Duration(rng.IntN(2000)) * time.Millisecond)
			if rng.IntN(3) == 0 { // of what is exchanged, digests are by far the most
				n.pushPull()
			}
		default:
			node := all[rng.IntN(nodes)]
			if !node.up {
				continue
			}
			if err := tr.change(rng, node, step); err != nil {
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
		tr.check(t, node)
	}
}
