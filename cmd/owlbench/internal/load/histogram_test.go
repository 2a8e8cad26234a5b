package load

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestBuckets(t *testing.T) {
	for _, v := range []uint64{0, 1, 31, 32, 33, 63, 64, 65, 1000, 123456789, 1 << 40, math.MaxInt64} {
		i := bucketOf(v)
		if upperBound(i) < v || i > 0 && upperBound(i-1) >= v {
			t.Errorf("%d is in bucket %d, from %d to %d", v, i, upperBound(i-1)+1, upperBound(i))
		}
		if bound := upperBound(i); float64(bound-v) > float64(v)/subBuckets {
			t.Errorf("bucket of %d ends at %d, too far", v, bound)
		}
	}
}

func TestQuantile(t *testing.T) {
	var empty Histogram
	if got := empty.Quantile(0.5); got != 0 {
		t.Errorf("quantile of nothing is %v", got)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	var h, other Histogram
	var all []time.Duration
	for i := range 10_000 {
		d := time.Duration(rng.ExpFloat64() * float64(time.Millisecond))
		all = append(all, d)
		if i%3 == 0 {
			other.Add(d)
		} else {
			h.Add(d)
		}
	}
	h.Merge(&other)
	slices.Sort(all)
	for _, q := range []float64{0.0001, 0.5, 0.99, 0.999, 1} {
		want := all[int(math.Ceil(q*float64(len(all))))-1]
		got := h.Quantile(q)
		if got < want || float64(got-want) > float64(want)/subBuckets {
			t.Errorf("quantile %v is %v, want %v or up to a bucket more", q, got, want)
		}
	}
	if h.Max != all[len(all)-1] || h.Total != uint64(len(all)) {
		t.Errorf("max %v of %d, want %v of %d", h.Max, h.Total, all[len(all)-1], len(all))
	}
}

func TestNegativeDuration(t *testing.T) {
	var h Histogram
	h.Add(-time.Second)
	if h.counts[0] != 1 {
		t.Error("a negative duration does not count as zero")
	}
}
