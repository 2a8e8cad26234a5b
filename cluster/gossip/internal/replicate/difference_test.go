package replicate

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"owlcache/engine"
)

func TestDifference(t *testing.T) {
	item := func(hash, time uint64) engine.Item {
		return engine.Item{Hash: hash, Version: engine.Version{Time: time}}
	}
	gone := func(hash, time uint64) engine.Item {
		it := item(hash, time)
		it.Tombstone = true
		return it
	}
	type items = []engine.Item
	tests := []struct {
		name              string
		own, theirs, lack items
	}{
		{"the same", items{item(1, 5), gone(2, 6)}, items{item(1, 5), gone(2, 6)}, nil},
		{"only on one side", items{item(2, 5)}, items{item(1, 6), item(3, 6)}, items{item(2, 5)}},
		{"newer here", items{item(1, 6)}, items{item(1, 5)}, items{item(1, 6)}},
		{"newer there", items{item(1, 5)}, items{item(1, 6)}, nil},
		{"deleted here", items{gone(1, 5)}, items{item(1, 5)}, items{gone(1, 5)}},
		{"deleted there", items{item(1, 5)}, items{gone(1, 5)}, nil},
		{"deleted there, and older here", items{item(1, 4)}, items{gone(1, 5)}, nil},
		{"two keys of one hash, the older one is lacking", items{item(1, 5), item(1, 9)}, items{item(1, 9)}, items{item(1, 5)}},
		{"two keys of one hash, one on each side", items{item(1, 5)}, items{item(1, 9)}, nil},
	}
	for _, tt := range tests {
		var lack items
		difference(tt.own, tt.theirs, func(it engine.Item) { lack = append(lack, it) })
		if d := cmp.Diff(lack, tt.lack); d != "" {
			t.Errorf("%s: %s", tt.name, d)
		}
	}
}

func TestDifferingJoinsNeighbours(t *testing.T) {
	var a, b engine.Digest
	b[0], b[1], b[3], b[engine.Buckets-1] = 1, 1, 1, 1
	want := []engine.HashRange{
		{First: 0, Last: bucketRange(1).Last}, bucketRange(3), {First: bucketRange(engine.Buckets - 1).First, Last: ^uint64(0)},
	}
	if d := cmp.Diff(differing(&a, &b), want); d != "" {
		t.Error(d)
	}
	for i := range b {
		b[i] = a[i] + 1
	}
	if d := cmp.Diff(differing(&a, &b), []engine.HashRange{{Last: ^uint64(0)}}); d != "" {
		t.Error(d)
	}
}

func TestRangesAreCutByShard(t *testing.T) {
	all := engine.HashRange{Last: ^uint64(0)}
	n := 0
	for rest, more := all, true; more; n++ {
		var head engine.HashRange
		head, rest, more = headOf(rest)
		if want := uint64(n) << shardShift; head.First != want || head.Last != want+1<<shardShift-1 {
			t.Fatalf("part %d is %x", n, head)
		}
	}
	if n != 256 {
		t.Errorf("%d parts", n)
	}
	ranges := []engine.HashRange{{First: 1, Last: 5}, {First: 8, Last: 9}, {First: 20, Last: 30}}
	for hash, want := range map[uint64][]engine.HashRange{
		0: ranges, 3: {{First: 4, Last: 5}, ranges[1], ranges[2]}, 5: ranges[1:], 6: ranges[1:],
		8: {{First: 9, Last: 9}, ranges[2]}, 30: {}, ^uint64(0): {},
	} {
		if d := cmp.Diff(behind(slices.Clone(ranges), hash), want); d != "" {
			t.Errorf("behind %d: %s", hash, d)
		}
	}
}

func TestAListIsNotCutWithinAHash(t *testing.T) {
	items := make([]engine.Item, 6)
	for i, h := range []uint64{1, 2, 2, 2, 3, 3} {
		items[i].Hash = h
	}
	for max, want := range map[int]int{1: 1, 2: 4, 3: 4, 4: 4, 5: 6, 6: 6, 9: 6} {
		if got := cutAt(items, max); got != want {
			t.Errorf("at most %d: %d, want %d", max, got, want)
		}
	}
}

func TestSplitAt(t *testing.T) {
	ranges := []engine.HashRange{{First: 1, Last: 5}, {First: 8, Last: 9}}
	type parts = [2][]engine.HashRange
	for hash, want := range map[uint64]parts{
		0: {ranges, nil}, 1: {ranges, nil}, 3: {{{First: 3, Last: 5}, ranges[1]}, {{First: 1, Last: 2}}},
		6: {ranges[1:], ranges[:1]}, 8: {ranges[1:], ranges[:1]}, 9: {{{First: 9, Last: 9}}, {ranges[0], {First: 8, Last: 8}}},
		10: {{}, ranges}, ^uint64(0): {{}, ranges},
	} {
		from, before := splitAt(slices.Clone(ranges), hash)
		if d := cmp.Diff(parts{from, before}, want); d != "" {
			t.Errorf("at %d: %s", hash, d)
		}
	}
}
