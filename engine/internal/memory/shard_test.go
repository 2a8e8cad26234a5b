package memory

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"owlcache/engine/internal/format"
)

// TestShardAgainstMap does random operations on one shard and on a plain map, with
// values of all sizes, and compares everything, the figures included.
func TestShardAgainstMap(t *testing.T) {
	for seed := range uint64(6) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		m := New()
		s := &m.list[0] // as if all keys were its
		twin := map[string]format.Entry{}
		time := uint64(1)
		keys := 1 + rnd.IntN(3000)
		for range 40_000 {
			key := []byte(fmt.Sprintf("key%d", rnd.IntN(keys)))
			_, h := m.of(key)
			time++
			v := format.Version{Time: time, Node: 1}
			if rnd.IntN(10) == 0 {
				v.Time = time / 2
			}
			old, there := twin[string(key)]
			newer := !there || old.Version.Compare(v) < 0
			switch rnd.IntN(6) {
			case 0:
				want := there && old.Version.Compare(v) <= 0
				if got := s.remove(h, key, v); got != want {
					t.Fatalf("remove: %v, want %v", got, want)
				} else if got {
					delete(twin, string(key))
				}
			case 1:
				want := there && newer && !old.Tombstone
				if got := s.touch(h, key, v, 77); got != want {
					t.Fatalf("touch: %v, want %v", got, want)
				} else if got {
					old.Version, old.Expires = v, 77
					twin[string(key)] = old
				}
			default:
				e := format.Entry{Key: key, Value: randomValue(rnd), Version: v, Created: rnd.Int64(), Expires: int64(rnd.IntN(2)) * (1<<47 - 1)}
				if rnd.IntN(8) == 0 {
					e.Tombstone, e.Value, e.Expires = true, nil, 0
				}
				if got := s.put(h, &e); got != newer {
					t.Fatalf("put: %v, want %v", got, newer)
				} else if got {
					twin[string(key)] = e
				}
			}
		}
		compare(t, m, s, twin)
	}
}

func randomValue(rnd *rand.Rand) []byte {
	n := rnd.IntN(100)
	switch rnd.IntN(400) {
	case 0:
		n = LargeSize + rnd.IntN(1000)
	case 1, 2, 3:
		n = rnd.IntN(5000)
	}
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rnd.Uint32())
	}
	return b
}

func compare(t *testing.T, m *Table, s *Shard, twin map[string]format.Entry) {
	t.Helper()
	var want Count
	var digest [shardBuckets]uint64
	for k, e := range twin {
		want.add(&e, 1)
		_, h := m.of([]byte(k))
		digest[h.key>>52%shardBuckets] ^= format.Fingerprint(h.key, e.Version, e.Tombstone)
		got, meta, ok := s.get(h, nil, []byte(k), format.MaxValueSize, func() int64 { return 0 })
		if ok == e.Tombstone || ok && (!bytes.Equal(got, e.Value) || meta != e.Meta()) {
			t.Fatalf("%s: %d bytes, %+v, %v; want %d bytes, %+v", k, len(got), meta, ok, len(e.Value), e.Meta())
		}
	}
	seen := 0
	s.Each(func(e *format.Entry) {
		seen++
		if w, ok := twin[string(e.Key)]; !ok || w.Version != e.Version || !bytes.Equal(w.Value, e.Value) {
			t.Fatalf("%s is in the arena, but not like this", e.Key)
		}
	})
	if seen != len(twin) || s.index.used != len(twin) || s.count != want {
		t.Fatalf("seen %d, used %d, count %+v; want %d, %+v", seen, s.index.used, s.count, len(twin), want)
	}
	if s.digest != digest {
		t.Fatal("the digest is not that of the entries")
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
	m := New()
	s := &m.list[0]
	put := func(i, size int) {
		key := []byte(fmt.Sprint(i))
		_, h := m.of(key)
		s.put(h, &format.Entry{Key: key, Value: make([]byte, size), Version: format.Version{Time: uint64(size)}})
	}
	for i := range 20_000 {
		put(i, 50)
	}
	for i := range 20_000 {
		key := []byte(fmt.Sprint(i))
		_, h := m.of(key)
		s.remove(h, key, format.Version{Time: 50})
	}
	if s.arena.size > 2*maxChunk {
		t.Fatalf("%d bytes are kept for nothing", s.arena.size)
	}
	for size := range 100 {
		for i := range 500 {
			put(i, 100+size)
		}
	}
	if _, mem := s.Stats(); mem > 3*s.count.Bytes {
		t.Fatalf("%d bytes for %d bytes of keys and values", mem, s.count.Bytes)
	}
}

// BenchmarkDigest measures what the digest adds to the apply of a set: the hash of the
// key, and the fingerprints of the entry that goes and of the one that comes.
func BenchmarkDigest(b *testing.B) {
	m := New()
	keys := make([][]byte, 1024)
	for i := range keys {
		keys[i] = fmt.Appendf(nil, "key%013d", i)
	}
	old := format.Entry{Version: format.Version{Time: 1, Node: 1}}
	for i := 0; b.Loop(); i++ {
		h := format.KeyHash(keys[i%len(keys)])
		e := format.Entry{Version: format.Version{Time: uint64(i), Node: 1}}
		sh := m.ofHash(h)
		sh.accountLocked(h, &old, -1)
		sh.accountLocked(h, &e, 1)
	}
}
