package keys

import "bytes"

// Rule says what the prefix of a key is.
type Rule struct {
	Delimiter []byte
	Depth     int // at most so many delimiters belong to it
}

// Of returns the part of key up to the last delimiter that counts.
func (r Rule) Of(key []byte) []byte {
	end := 0
	for range r.Depth {
		i := bytes.Index(key[end:], r.Delimiter)
		if i < 0 {
			break
		}
		end += i + len(r.Delimiter)
	}
	return key[:end]
}

// Count counts the keys with a prefix.
type Count struct {
	Prefix []byte // empty for keys without a delimiter
	Keys   int64
	Bytes  int64
}

// Groups counts keys, which come in order, by their prefix up to a delimiter.
// It holds one count for each delimiter of a key, however many keys there are.
type Groups struct {
	Rule
	done func(*Count) // takes each count when it is final
	open []Count      // each one's prefix begins with that of the one before
}

// NewGroups returns groups that give each count to done when it is final.
func NewGroups(rule Rule, done func(*Count)) *Groups {
	return &Groups{Rule: rule, done: done, open: make([]Count, 1)}
}

// Add counts a key. It must not be before the last one.
func (g *Groups) Add(key []byte, size int64) {
	// All keys with a prefix stand together, those of a longer one among them.
	for n := len(g.open) - 1; n > 0 && !bytes.HasPrefix(key, g.open[n].Prefix); n-- {
		g.close()
	}
	prefix := g.Of(key)
	if last := g.open[len(g.open)-1].Prefix; len(prefix) > len(last) {
		g.open = append(g.open, Count{Prefix: bytes.Clone(prefix)})
	}
	c := &g.open[len(g.open)-1]
	c.Keys++
	c.Bytes += size
}

// close ends the last of the open counts.
func (g *Groups) close() {
	last := g.open[len(g.open)-1]
	g.open = g.open[:len(g.open)-1]
	if last.Keys > 0 {
		g.done(&last)
	}
}

// End ends all counts.
func (g *Groups) End() {
	for len(g.open) > 0 {
		g.close()
	}
}
