package inspect

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"owlcache/cmd/owlcache/internal/term"
)

// TestPrefixGroupsCountAsAMap compares with counting all prefixes in a map.
func TestPrefixGroupsCountAsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfDistinct(rapid.StringMatching(`[ab:\x00\xff]{1,8}`), rapid.ID[string]).Draw(t, "keys")
		delimiter := rapid.SampledFrom([]string{":", "::", "a", "ab"}).Draw(t, "delimiter")
		depth := rapid.IntRange(1, 4).Draw(t, "depth")
		slices.Sort(list)
		want, got := map[string]int64{}, map[string]int64{}
		groups := newPrefixGroups(&term.Prefixes{Delimiter: delimiter, Depth: depth}, func(c *prefixCount) {
			if got[string(c.prefix)] != 0 {
				t.Errorf("%q comes twice", c.prefix)
			}
			got[string(c.prefix)] = c.keys
		})
		for _, key := range list {
			groups.add([]byte(key), 1)
			parts := strings.SplitAfterN(key, delimiter, depth+1)
			want[strings.Join(parts[:len(parts)-1], "")]++
		}
		groups.end()
		if !maps.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}
