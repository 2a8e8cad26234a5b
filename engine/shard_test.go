package engine

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"testing"
)

// TestShardAgainstMap does random operations on one shard and on a plain map, with
// values of all sizes, and compares everything, the figures included.
func TestShardAgainstMap(t *testing.T) {
	for seed := range uint64(6) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		s := &shard{seed: maphash.MakeSeed()}
		twin := map[string]entry{}
		time := uint64(1)
		keys := 1 + rnd.IntN(3000)
		for range 40_000 {
			key := []byte(fmt.Sprintf("key%d", rnd.IntN(keys)))
			h := maphash.Bytes(s.seed, key)
			time++
			v := Version{Time: time, Node: 1}
			if rnd.IntN(10) == 0 {
				v.Time = time / 2
			}
			old, there := twin[string(key)]
			newer := !there || old.version.Compare(v) < 0
			switch rnd.IntN(6) {
			case 0:
				want := there && old.version.Compare(v) <= 0
				if got := s.remove(h, key, v); got != want {
					t.Fatalf("remove: %v, want %v", got, want)
				} else if got {
					delete(twin, string(key))
				}
			case 1:
				want := there && newer && !old.deleted
				if got := s.touch(h, key, v, 77); got != want {
					t.Fatalf("touch: %v, want %v", got, want)
				} else if got {
					old.version, old.expires = v, 77
					twin[string(key)] = old
				}
			default:
				e := entry{key: key, value: randomValue(rnd), version: v, created: rnd.Int64(), expires: int64(rnd.IntN(2)) * (1<<47 - 1)}
				if rnd.IntN(8) == 0 {
					e.deleted, e.value, e.expires = true, nil, 0
				}
				if got := s.put(h, &e); got != newer {
					t.Fatalf("put: %v, want %v", got, newer)
				} else if got {
					twin[string(key)] = e
				}
			}
		}
		compare(t, s, twin)
	}
}

func randomValue(rnd *rand.Rand) []byte {
	n := rnd.IntN(100)
	switch rnd.IntN(400) {
	case 0:
		n = largeSize + rnd.IntN(1000)
	case 1, 2, 3:
		n = rnd.IntN(5000)
	}
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rnd.Uint32())
	}
	return b
}

func compare(t *testing.T, s *shard, twin map[string]entry) {
	t.Helper()
	var want shardCount
	for k, e := range twin {
		want.add(&e, 1)
		h := maphash.Bytes(s.seed, []byte(k))
		got, m, ok := s.get(h, nil, []byte(k), func() int64 { return 0 })
		if ok == e.deleted || ok && (!bytes.Equal(got, e.value) || m != e.meta()) {
			t.Fatalf("%s: %d bytes, %+v, %v; want %d bytes, %+v", k, len(got), m, ok, len(e.value), e.meta())
		}
	}
	seen := 0
	s.eachChunk(func(e *entry) {
		seen++
		if w, ok := twin[string(e.key)]; !ok || w.version != e.version || !bytes.Equal(w.value, e.value) {
			t.Fatalf("%s is in the arena, but not like this", e.key)
		}
	})
	if seen != len(twin) || s.index.used != len(twin) || s.count != want {
		t.Fatalf("seen %d, used %d, count %+v; want %d, %+v", seen, s.index.used, s.count, len(twin), want)
	}
	var size, dead int64
	for _, c := range s.arena.chunks {
		size += int64(cap(c.buf))
		dead += int64(c.dead)
	}
	if size != s.arena.size || dead != s.arena.dead || dead > size/garbagePart+minGarbage {
		t.Fatalf("arena says %d bytes with %d of garbage, has %d with %d", s.arena.size, s.arena.dead, size, dead)
	}
}

// TestArenaGivesMemoryBack fills a shard, removes everything, and fills it with
// values of another size.
func TestArenaGivesMemoryBack(t *testing.T) {
	s := &shard{seed: maphash.MakeSeed()}
	put := func(i, size int) {
		key := []byte(fmt.Sprint(i))
		s.put(maphash.Bytes(s.seed, key), &entry{key: key, value: make([]byte, size), version: Version{Time: uint64(size)}})
	}
	for i := range 20_000 {
		put(i, 50)
	}
	for i := range 20_000 {
		key := []byte(fmt.Sprint(i))
		s.remove(maphash.Bytes(s.seed, key), key, Version{Time: 50})
	}
	if s.arena.size > 2*maxChunk {
		t.Fatalf("%d bytes are kept for nothing", s.arena.size)
	}
	for size := range 100 {
		for i := range 500 {
			put(i, 100+size)
		}
	}
	if _, mem := s.stats(); mem > 3*s.count.bytes {
		t.Fatalf("%d bytes for %d bytes of keys and values", mem, s.count.bytes)
	}
}
