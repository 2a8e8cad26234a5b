package fold

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"owlcache/engine/internal/format"
	"owlcache/engine/internal/memory"
)

// TestFoldedIsWhatTheTableHolds applies random operations one by one to a table, and sorted
// to what another table had of them already: both hold the same.
func TestFoldedIsWhatTheTableHolds(t *testing.T) {
	for seed := range uint64(2000) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		list := randomRecords(rnd)
		begin, end := rnd.IntN(len(list)), len(list)
		covered := begin + rnd.IntN(end-begin) // those before are in the old entries, some once more in the part
		want, old := memory.New(), memory.New()
		part := &Part{}
		for i := range list {
			want.Apply(&list[i])
			if i < covered {
				old.Apply(&list[i])
			}
			if i >= begin {
				part.Add(&list[i])
			}
		}
		part.Sort()
		got := contents(old)
		for i := 0; i < part.Len(); {
			var o Outcome
			o, i = part.Next(i)
			var before *format.Entry
			if e, ok := got[string(o.Key)]; ok {
				before = &e
			}
			if next := o.Apply(before); next == nil {
				delete(got, string(o.Key))
			} else {
				got[string(o.Key)] = *next
			}
		}
		if a, b := render(got), render(contents(want)); a != b {
			t.Fatalf("seed %d: folded is\n%sapplied is\n%s", seed, a, b)
		}
	}
}

// randomRecords returns operations as a log has them: an expiry follows a value.
func randomRecords(rnd *rand.Rand) []format.Record {
	list := make([]format.Record, 1+rnd.IntN(20))
	there := map[string]format.Entry{}
	for i := range list {
		key := fmt.Sprint("k", rnd.IntN(3))
		e := format.Entry{Key: []byte(key), Version: format.Version{Time: uint64(i + 1)}}
		kind := format.RecordSet
		switch live, ok := there[key]; {
		case ok && rnd.IntN(3) == 0:
			kind, e.Created, e.Expires = format.RecordExpire, live.Created, int64(i)
		case ok && rnd.IntN(3) == 0:
			kind = format.RecordDelete
			delete(there, key)
		case ok && rnd.IntN(4) == 0:
			kind, e.Tombstone = format.RecordTombstone, true
			delete(there, key)
		default:
			e.Value, e.Created = fmt.Append(nil, "value", i), int64(i)
			there[key] = e
		}
		list[i] = format.Record{Kind: kind, Entry: e}
	}
	return list
}

func contents(table *memory.Table) map[string]format.Entry {
	all := map[string]format.Entry{}
	table.Each(func(e *format.Entry) {
		kept := *e
		kept.Key, kept.Value = bytes.Clone(e.Key), bytes.Clone(e.Value)
		all[string(e.Key)] = kept
	})
	return all
}

func render(all map[string]format.Entry) (s string) {
	for _, key := range []string{"k0", "k1", "k2"} {
		if e, ok := all[key]; ok {
			s += fmt.Sprintf("%s: %q, %+v, tombstone %v\n", key, e.Value, e.Meta(), e.Tombstone)
		}
	}
	return s
}
