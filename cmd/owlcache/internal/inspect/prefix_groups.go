package inspect

import (
	"bytes"

	"owlcache/cmd/owlcache/internal/term"
)

// prefixCount counts the keys with a prefix.
type prefixCount struct {
	prefix []byte // empty for keys without a delimiter
	keys   int64
	bytes  int64
}

// prefixGroups counts keys, which come in order, by their prefix up to a delimiter.
// It holds one count for each delimiter of a key, however many keys there are.
type prefixGroups struct {
	flags *term.Prefixes
	done  func(*prefixCount) // takes each count when it is final
	open  []prefixCount      // each one's prefix begins with that of the one before
}

func newPrefixGroups(flags *term.Prefixes, done func(*prefixCount)) *prefixGroups {
	return &prefixGroups{flags: flags, done: done, open: make([]prefixCount, 1)}
}

// add counts a key. It must not be before the last one.
func (g *prefixGroups) add(key []byte, size int64) {
	// All keys with a prefix stand together, those of a longer one among them.
	for n := len(g.open) - 1; n > 0 && !bytes.HasPrefix(key, g.open[n].prefix); n-- {
		g.close()
	}
	prefix := g.flags.Of(key)
	if last := g.open[len(g.open)-1].prefix; len(prefix) > len(last) {
		g.open = append(g.open, prefixCount{prefix: bytes.Clone(prefix)})
	}
	c := &g.open[len(g.open)-1]
	c.keys++
	c.bytes += size
}

// close ends the last of the open counts.
func (g *prefixGroups) close() {
	last := g.open[len(g.open)-1]
	g.open = g.open[:len(g.open)-1]
	if last.keys > 0 {
		g.done(&last)
	}
}

// end ends all counts.
func (g *prefixGroups) end() {
	for len(g.open) > 0 {
		g.close()
	}
}
