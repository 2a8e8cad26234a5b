package load

import (
	"math"
	"math/bits"
	"time"
)

// A Histogram counts durations in buckets that are at most 1/32 wide, relative to what they hold:
// 32 linear buckets below 32 ns, and 32 to each power of two above. The zero value is ready to use.
type Histogram struct {
	counts [64 * subBuckets]uint64
	Total  uint64
	Max    time.Duration
}

const (
	subBits    = 5
	subBuckets = 1 << subBits
)

// Add counts one duration; a negative one counts as zero.
func (h *Histogram) Add(d time.Duration) {
	d = max(d, 0)
	h.counts[bucketOf(uint64(d))]++
	h.Total++
	h.Max = max(h.Max, d)
}

// Merge adds what other counted.
func (h *Histogram) Merge(other *Histogram) {
	for i, n := range other.counts {
		h.counts[i] += n
	}
	h.Total += other.Total
	h.Max = max(h.Max, other.Max)
}

// Quantile returns the least bucket bound that at least the share q of all durations does not
// exceed, never more than the largest; 0 when nothing was counted.
func (h *Histogram) Quantile(q float64) time.Duration {
	if h.Total == 0 {
		return 0
	}
	rank := max(uint64(math.Ceil(q*float64(h.Total))), 1)
	var seen uint64
	for i, n := range h.counts {
		seen += n
		if seen >= rank {
			return min(time.Duration(upperBound(i)), h.Max)
		}
	}
	return h.Max
}

func bucketOf(v uint64) int {
	if v < subBuckets {
		return int(v)
	}
	shift := bits.Len64(v) - subBits - 1
	return (shift+1)<<subBits + int(v>>shift) - subBuckets
}

func upperBound(i int) uint64 {
	if i < subBuckets {
		return uint64(i)
	}
	shift := i>>subBits - 1
	return uint64(i&(subBuckets-1)+subBuckets+1)<<shift - 1
}
