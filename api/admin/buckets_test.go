package admin

import (
	"slices"
	"testing"

	"owlcache/engine"
)

func FuzzParseBuckets(f *testing.F) {
	for _, s := range []string{"", "1", "4095,0,0", "4096", "1,,2", "18446744073709551616"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		buckets, err := parseBuckets(s)
		if err != nil {
			return
		}
		if len(buckets) == 0 || len(buckets) > 64 || !slices.IsSorted(buckets) || buckets[len(buckets)-1] >= engine.Buckets {
			t.Errorf("%q: %v", s, buckets)
		}
	})
}
