package replicate

import (
	"cmp"
	"slices"

	"owlcache/engine"
)

// differing returns the ranges of key hashes of the buckets in which a and b differ,
// neighbours joined.
func differing(a, b *engine.Digest) (ranges []engine.HashRange) {
	for i := range a {
		if a[i] == b[i] {
			continue
		}
		r := bucketRange(uint64(i))
		if n := len(ranges); n > 0 && ranges[n-1].Last+1 == r.First {
			ranges[n-1].Last = r.Last
		} else {
			ranges = append(ranges, r)
		}
	}
	return ranges
}

const (
	bucketShift = 52 // a bucket is the upper 12 bits of a hash
	shardShift  = 56 // the store looks at the hashes with the same upper 8 bits in one pass
)

func bucketRange(bucket uint64) engine.HashRange {
	return engine.HashRange{First: bucket << bucketShift, Last: bucket<<bucketShift | (1<<bucketShift - 1)}
}

// headOf cuts off the part of r that lies in the first shard it touches.
func headOf(r engine.HashRange) (head, rest engine.HashRange, more bool) {
	end := r.First | (1<<shardShift - 1)
	if r.Last <= end {
		return r, engine.HashRange{}, false
	}
	return engine.HashRange{First: r.First, Last: end}, engine.HashRange{First: end + 1, Last: r.Last}, true
}

// behind returns what of ranges lies behind hash.
func behind(ranges []engine.HashRange, hash uint64) []engine.HashRange {
	for len(ranges) > 0 && ranges[0].Last <= hash {
		ranges = ranges[1:]
	}
	if len(ranges) > 0 && ranges[0].First <= hash {
		ranges = append([]engine.HashRange{{First: hash + 1, Last: ranges[0].Last}}, ranges[1:]...)
	}
	return ranges
}

// splitAt returns what of ranges lies at hash and behind it, and what lies before it.
func splitAt(ranges []engine.HashRange, hash uint64) (from, before []engine.HashRange) {
	if hash == 0 {
		return ranges, nil
	}
	for _, r := range ranges {
		if r.First < hash {
			before = append(before, engine.HashRange{First: r.First, Last: min(r.Last, hash-1)})
		}
	}
	return behind(ranges, hash-1), before
}

// difference compares what two nodes have in one range, both ascending by hash, and calls
// lacks with each of own that theirs lacks or has older.
//
// Items name a key by its hash. Two keys of one hash are seldom, but anybody can make
// some: where a side has several items of a hash, only the same version counts as the
// same entry. So each key gets across, and what is sent in vain is refused as stale.
func difference(own, theirs []engine.Item, lacks func(engine.Item)) {
	for len(own) > 0 {
		hash := own[0].Hash
		for len(theirs) > 0 && theirs[0].Hash < hash {
			theirs = theirs[1:]
		}
		a, b := leading(own, hash), leading(theirs, hash)
		own, theirs = own[len(a):], theirs[len(b):]
		for _, it := range a {
			if !covers(b, it, len(a) > 1 || len(b) > 1) {
				lacks(it)
			}
		}
	}
}

// leading returns the items of hash at the beginning of items.
func leading(items []engine.Item, hash uint64) []engine.Item {
	n := 0
	for n < len(items) && items[n].Hash == hash {
		n++
	}
	return items[:n]
}

func covers(items []engine.Item, it engine.Item, exact bool) bool {
	for _, have := range items {
		c := have.Version.Compare(it.Version)
		if c == 0 && (have.Tombstone || !it.Tombstone) || c > 0 && !exact {
			return true
		}
	}
	return false
}

// within returns those of items, which ascend by hash, that lie in r.
func within(items []engine.Item, r engine.HashRange) []engine.Item {
	from, _ := slices.BinarySearchFunc(items, r.First, compareHash)
	to := len(items)
	if r.Last != ^uint64(0) {
		to, _ = slices.BinarySearchFunc(items, r.Last+1, compareHash)
	}
	return items[from:to]
}

func compareHash(it engine.Item, hash uint64) int { return cmp.Compare(it.Hash, hash) }
