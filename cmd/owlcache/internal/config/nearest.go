package config

import (
	"fmt"
	"strings"
)

// DidYouMean ends an error message about an unknown name; prefix is what all names begin with.
func DidYouMean(prefix, name string, known []string) string {
	if n := nearest(name, known); n != "" {
		return fmt.Sprintf(", did you mean %s%s?", prefix, n)
	}
	return ""
}

// nearest returns the candidate that name was probably meant to be, or "" if none
// is near enough. Case and the signs between words do not count. A whole name with
// a typing error is nearest, then one of which name is the beginning.
func nearest(name string, candidates []string) string {
	const longest = 64 // names beyond this are no typing errors
	if len(name) > longest {
		return ""
	}
	name = plain(name)
	whole, beginning := "", ""
	wholeLimit, beginningLimit := max(1, (len(name)+1)/4)+1, len(name)/6+1
	if len(name) < 4 {
		beginningLimit = 0 // so little begins everything
	}
	for _, c := range candidates {
		d, prefix := editDistance(name, plain(c))
		if d < wholeLimit {
			whole, wholeLimit = c, d
		}
		if prefix < beginningLimit {
			beginning, beginningLimit = c, prefix
		}
	}
	if whole != "" {
		return whole
	}
	return beginning
}

// plain returns what counts of a name.
func plain(name string) string {
	return strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(name))
}

// editDistance counts the insertions, deletions and replacements of bytes, and the exchanges of two
// neighbours, that turn a into b (whole) and into the beginning of b that is nearest (prefix).
func editDistance(a, b string) (whole, prefix int) {
	before, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, above, row = above, row, before
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(row[j]+1, above[j+1]+1, above[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	whole, prefix = row[len(b)], row[0]
	for _, d := range row {
		prefix = min(prefix, d)
	}
	return whole, prefix
}
