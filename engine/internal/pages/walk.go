package pages

import (
	"bytes"
	"fmt"
)

// Walk is one walk over the pages that a meta page leads to.
type Walk struct {
	Meta  Meta
	File  *File
	Pages uint64 // how many there are

	bad  func(*Error) error
	seen Set

	branches [maxDepth + 1][]byte // the pages on the way
}

// Visitor says what is done with the pages of a bucket.
type Visitor struct {
	// Leaf gets each leaf page, which is valid during the call, and the bounds of its keys.
	Leaf func(g *Page, lo, hi []byte) error
	// Branch, if set, gets the keys of the branch pages.
	Branch func(depth int, key []byte)
	// From and To bound the keys that are wanted: subtrees with none of these are passed
	// by. To is not included; nil is no bound.
	From, To []byte
}

// Walk begins a walk. bad is told of each page that is damaged, and decides whether the
// walk goes on behind it; without bad, the first *Error ends the walk.
func (p *File) Walk(m Meta, bad func(*Error) error) *Walk {
	w := &Walk{Meta: m, File: p, Pages: m.Pages, bad: bad}
	if bad == nil {
		w.bad = func(e *Error) error { return e }
	}
	if p.lenient { // not even the number of pages is believed
		w.Pages = min(p.Count(), max(m.Pages, 4))
	}
	w.seen = newSet(max(w.Pages, p.Count()))
	w.seen.add(0)
	w.seen.add(1)
	return w
}

// Offset returns where a page begins, -1 if there is no such page in a tree.
func (w *Walk) Offset(id uint64) int64 {
	if id < 2 || id >= w.Pages {
		return -1
	}
	return int64(id) * w.File.PageSize
}

// Seen tells whether the walk has come to a page, or to one that it follows.
func (w *Walk) Seen(id uint64) bool { return w.seen.Has(id) }

// Mark makes the walk take a page as one that it has come to.
func (w *Walk) Mark(g *Page) {
	for id := g.ID; id <= g.ID+g.Follow; id++ {
		w.seen.add(id)
	}
}

// mark is Mark of a page that nothing else may use.
func (w *Walk) mark(g *Page) *Error {
	for id := g.ID; id <= g.ID+g.Follow; id++ {
		if !w.seen.add(id) {
			return lost(id, "page %d is used twice", id)
		}
	}
	return nil
}

// enter reads a page that the tree leads to.
func (w *Walk) enter(id uint64, depth int) (g Page, bad *Error) {
	switch {
	case id < 2 || id >= w.Pages:
		return g, lost(id, "page %d does not exist: there are %d", id, w.Pages)
	case depth > maxDepth:
		return g, lost(id, "page %d lies too deep", id)
	case w.seen.Has(id):
		return g, lost(id, "page %d is used twice", id)
	case w.File.lenient:
		return w.enterDamaged(id)
	}
	if g, bad = w.File.header(id, w.Pages); bad != nil {
		return g, bad
	}
	if bad = w.mark(&g); bad != nil {
		return g, bad
	}
	if g.Kind != Leaf && g.Kind != Branch {
		return g, lost(id, "page %d is of kind %#x where a branch or a leaf should be", id, g.Kind)
	}
	return g, w.File.content(&g)
}

func (w *Walk) enterDamaged(id uint64) (g Page, bad *Error) {
	g = w.File.Read(id)
	w.Mark(&g)
	if g.Wrong == "" {
		return g, nil
	}
	return g, &Error{Page: id, Why: fmt.Sprintf("page %d: %s", id, g.Wrong), Lost: g.Kind == 0}
}

// tree visits the page id, to which parent leads, and what is below it. It holds the
// keys from lo up to hi.
func (w *Walk) tree(id, parent uint64, depth int, lo, hi []byte, v *Visitor) error {
	g, bad := w.enter(id, depth)
	if (bad == nil || !bad.Lost) && g.Kind == Branch && g.Count == 0 {
		bad = lost(id, "branch page %d is empty", id)
	}
	if bad != nil {
		bad.Parent, bad.Lo, bad.Hi = parent, lo, hi
		if err := w.bad(bad); err != nil || bad.Lost {
			return err
		}
	}
	if g.Kind == Leaf {
		return v.Leaf(&g, lo, hi)
	}
	if !w.File.lenient { // reading on moves the window
		w.branches[depth] = append(w.branches[depth][:0], g.b...)
		g.b = w.branches[depth]
	}
	return w.children(&g, depth, lo, hi, v)
}

func (w *Walk) children(g *Page, depth int, lo, hi []byte, v *Visitor) error {
	before := lo
	for i := range g.Count {
		key, child, ok := g.child(i)
		if v.Branch != nil && ok {
			v.Branch(depth, key)
		}
		from, to := before, hi
		if ok && (i > 0 || !w.File.lenient) {
			from = key
		}
		next, nextOK := []byte(nil), false
		if i+1 < g.Count {
			if next, _, nextOK = g.child(i + 1); nextOK {
				to = next
			}
		}
		before = from
		if bad := w.misplaced(g, i, lo, hi, to); bad != nil {
			if err := w.bad(bad); err != nil {
				return err
			}
			if !w.File.lenient { // what lies below is where it should be all the same, for all we know
				from, to = lo, hi
			}
		}
		switch {
		case ok && i > 0 && v.To != nil && bytes.Compare(key, v.To) >= 0:
			return nil
		case nextOK && v.From != nil && bytes.Compare(next, v.From) <= 0:
			continue
		}
		if err := w.tree(child, g.ID, depth+1, from, to, v); err != nil {
			return err
		}
	}
	return nil
}

// misplaced says what is wrong with the key of element i of a branch page, which holds
// the keys from lo up to hi; the next element has the key next.
func (w *Walk) misplaced(g *Page, i int, lo, hi, next []byte) *Error {
	var why string
	switch key, _, ok := g.child(i); {
	case !ok:
		why = " lies outside"
	case w.File.lenient: // the entries below show where they belong
		return nil
	case !InRange(key, lo, hi):
		why = ", " + ShownKey(key) + ", does not belong there"
	case next != nil && bytes.Compare(key, next) >= 0:
		why = ", " + ShownKey(key) + ", is not less than the next one"
	default:
		return nil
	}
	bad := Errorf(g.ID, "branch page %d: the key of element %d%s", g.ID, i, why)
	bad.Lo, bad.Hi = lo, hi
	return bad
}

// Set is a set of page numbers.
type Set []uint64

func newSet(count uint64) Set { return make(Set, count/64+1) }

// Has tells whether the page is in the set.
func (s Set) Has(id uint64) bool { return id/64 < uint64(len(s)) && s[id/64]&(1<<(id%64)) != 0 }

// add tells whether the page was new.
func (s Set) add(id uint64) bool {
	if id/64 >= uint64(len(s)) || s.Has(id) {
		return false
	}
	s[id/64] |= 1 << (id % 64)
	return true
}
