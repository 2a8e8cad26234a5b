package engine

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

// TestItemsAgainstMap compares Items of random ranges, and Entries of random keys, with
// a plain list.
func TestItemsAgainstMap(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{Sync: "no", TombstoneGrace: time.Hour})
	twin := fillForItems(t, s, keysIn(0, 256, "key", 3000))
	rnd := rand.New(rand.NewPCG(1, 2))
	for round := range 300 {
		ranges := randomRanges(rnd, twin)
		var want []Item
		for _, it := range twin {
			if slices.ContainsFunc(ranges, func(r HashRange) bool { return r.First <= it.Hash && it.Hash <= r.Last }) {
				want = append(want, it)
			}
		}
		before := Item{Hash: 7}
		if got := s.Items([]Item{before}, ranges); got[0] != before || !slices.Equal(got[1:], want) {
			t.Fatalf("round %d: %d items in %v, want %d", round, len(got)-1, ranges, len(want))
		}
		checkEntries(t, s, rnd, want)
	}
}

// keysIn returns n keys which lie in the shards from first up to, not including, end.
func keysIn(first, end uint64, prefix string, n int) (keys [][]byte) {
	for i := 0; len(keys) < n; i++ {
		key := fmt.Appendf(nil, "%s%d", prefix, i)
		if shard := KeyHash(key) >> 56; first <= shard && shard < end {
			keys = append(keys, key)
		}
	}
	return keys
}

// fillForItems stores entries, some of them deleted, and returns what Items must list.
func fillForItems(t *testing.T, s *node, keys [][]byte) (twin []Item) {
	n := len(keys)
	ops := make([]Op, n)
	for i, key := range keys {
		ops[i] = Op{Kind: Set, Key: key, Value: append([]byte("value of "), key...)}
	}
	if err := s.Commit(ops); err != nil {
		t.Fatal(err)
	}
	dels := ops[: n/5 : n/5]
	for i := range dels {
		dels[i].Kind, dels[i].Value = Delete, nil
	}
	if err := s.Commit(dels); err != nil {
		t.Fatal(err)
	}
	for i := range ops {
		twin = append(twin, Item{KeyHash(ops[i].Key), ops[i].Meta.Version, ops[i].Kind == Delete})
	}
	slices.SortFunc(twin, func(a, b Item) int { return cmp.Compare(a.Hash, b.Hash) })
	return twin
}

// randomRanges returns ascending, disjoint ranges, whose bounds are often at an item.
func randomRanges(rnd *rand.Rand, twin []Item) (ranges []HashRange) {
	var bounds []uint64
	for range 2 * (1 + rnd.IntN(5)) {
		switch b := twin[rnd.IntN(len(twin))].Hash; rnd.IntN(6) {
		case 0:
			bounds = append(bounds, rnd.Uint64())
		case 1:
			bounds = append(bounds, b>>52<<52) // where a bucket begins
		case 2:
			bounds = append(bounds, b|(1<<52-1)) // where it ends
		case 3:
			bounds = append(bounds, b>>56<<56)
		default:
			bounds = append(bounds, b)
		}
	}
	slices.Sort(bounds)
	for i := 0; i < len(bounds); i += 2 {
		if n := len(ranges); n == 0 || ranges[n-1].Last < bounds[i] {
			ranges = append(ranges, HashRange{First: bounds[i], Last: bounds[i+1]})
		}
	}
	return ranges
}

// checkEntries asks for some of want, and for what is not there, and stops early or not.
func checkEntries(t *testing.T, s *node, rnd *rand.Rand, want []Item) {
	t.Helper()
	keyHashes := []uint64{rnd.Uint64()}
	var there []Item
	for _, it := range want {
		if rnd.IntN(2) == 0 {
			keyHashes = append(keyHashes, it.Hash)
			there = append(there, it)
		}
	}
	slices.Sort(keyHashes)
	limit := 1 + rnd.IntN(len(there)+2)
	var got []Item
	s.Entries(keyHashes, func(e *Entry) bool {
		value := append([]byte("value of "), e.Key...)
		if e.Tombstone {
			value = nil
		}
		if !bytes.Equal(e.Value, value) {
			t.Errorf("%s has value %q", e.Key, e.Value)
		}
		got = append(got, Item{KeyHash(e.Key), e.Version, e.Tombstone})
		return len(got) < limit
	})
	if !slices.Equal(got, there[:min(limit, len(there))]) {
		t.Fatalf("%d entries, want %d of %d", len(got), limit, len(there))
	}
}

// TestItemsBesideWriters: what is there all the time is listed once, and entries are
// whole, while others come, grow, move and go.
func TestItemsBesideWriters(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{Sync: "no", TombstoneGrace: time.Hour, SegmentSize: 1 << 20})
	twin := fillForItems(t, s, keysIn(0, 1, "key", 500)) // all in one shard, which moves them about
	stop := make(chan struct{})
	var writers sync.WaitGroup
	for w := range 2 {
		keys := keysIn(0, 1, fmt.Sprintf("other%d.", w), 200)
		writers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				key := keys[i%len(keys)]
				if _, err := s.Set(key, bytes.Repeat([]byte{byte(i)}, i%5*3000), 0); err != nil {
					t.Error(err)
					return
				}
				if i%3 == 0 {
					_ = s.Delete(key)
				}
			}
		})
	}
	var keyHashes []uint64
	for range 100 {
		runtime.Gosched()
		items := s.Items(nil, allHashes)
		keyHashes = keyHashes[:0]
		for i, it := range items {
			if i > 0 && it.Hash <= items[i-1].Hash {
				t.Fatalf("%+v behind %+v", it, items[i-1])
			}
			keyHashes = append(keyHashes, it.Hash)
		}
		for _, it := range twin {
			if _, ok := slices.BinarySearchFunc(items, it, func(a, b Item) int {
				return cmp.Or(cmp.Compare(a.Hash, b.Hash), a.Version.Compare(b.Version))
			}); !ok {
				t.Fatalf("%+v is missing", it)
			}
		}
		n := 0
		s.Entries(keyHashes, func(e *Entry) bool {
			n++
			if len(e.Value) > 100 && bytes.Count(e.Value, e.Value[:1]) != len(e.Value) {
				t.Errorf("%s is torn", e.Key)
			}
			return true
		})
		if n != len(keyHashes) {
			t.Fatalf("%d entries of %d", n, len(keyHashes)) // each leaves a tombstone at least
		}
	}
	close(stop)
	writers.Wait()
}
