package engine

import (
	"bytes"
	"errors"
	"fmt"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
)

// page reads a page that the tree leads to from the page parent, which holds the keys
// from lo up to hi. What is wrong with it is a finding.
func (s *snapshotCheck) page(id, parent uint64, depth int, lo, hi []byte) (g page, ok bool) {
	g, err := s.readPage(id, depth)
	if err == nil {
		return g, true
	}
	at := s.offset(id)
	if at < 0 {
		at = s.offset(parent)
		err = fmt.Errorf("page %d leads to a page that is not there: %w", parent, err)
	}
	s.missed = true
	s.fail(at, err.Error(), shownRange(lo, hi))
	return g, false
}

func (s *snapshotCheck) readPage(id uint64, depth int) (g page, err error) {
	w := s.walk
	if g, err = w.header(id); err != nil {
		return g, err
	}
	switch {
	case depth > maxDepth:
		return g, badPage(id, "page %d lies too deep", id)
	case g.kind != pageLeaf && g.kind != pageBranch:
		return g, badPage(id, "page %d is of kind %#x where a branch or a leaf should be", id, g.kind)
	case g.kind == pageBranch && g.count == 0:
		return g, badPage(id, "branch page %d is empty", id)
	}
	return g, w.read(&g)
}

// tree verifies the pages below id, which hold the keys from lo up to hi.
func (s *snapshotCheck) tree(id, parent uint64, depth int, lo, hi []byte) error {
	if s.pages++; s.pages%256 == 0 {
		if err := s.ctx.Err(); err != nil {
			return err
		}
	}
	g, ok := s.page(id, parent, depth, lo, hi)
	switch {
	case !ok:
		return nil
	case g.kind == pageLeaf:
		s.progress.add(int64(len(g.b)))
		s.length(&g)
		return s.leaf(&g, lo, hi)
	}
	// Reading on moves the window.
	s.branches[depth] = append(s.branches[depth][:0], g.b...)
	g.b = s.branches[depth]
	return s.children(&g, depth, lo, hi)
}

// children verifies the keys of a branch page, and what is below it.
func (s *snapshotCheck) children(g *page, depth int, lo, hi []byte) error {
	disorder := ""
	for i := range g.count {
		from, child, ok := g.child(i)
		to := hi
		if i+1 < g.count {
			if next, _, ok := g.child(i + 1); ok {
				to = next
			}
		}
		switch {
		case !ok:
			disorder, from = fmt.Sprintf("the key of element %d lies outside", i), nil
		case !inRange(from, lo, hi):
			disorder = fmt.Sprintf("the key of element %d, %s, does not belong there", i, shownKey(from))
		case to != nil && bytes.Compare(from, to) >= 0:
			disorder = fmt.Sprintf("the key of element %d, %s, is not less than the next one", i, shownKey(from))
		}
		if disorder != "" {
			// What lies below is where it should be all the same, for all we know.
			s.fail(s.offset(g.id), fmt.Sprintf("branch page %d: %s", g.id, disorder), "")
			disorder, from, to = "", lo, hi
		}
		if err := s.tree(child, g.id, depth+1, from, to); err != nil {
			return err
		}
	}
	return nil
}

// length verifies that a leaf page has as many pages as its content takes.
func (s *snapshotCheck) length(g *page) {
	end := pageHeader
	for i := range g.count {
		at := pageHeader + 16*i
		e := at + int(le.Uint32(g.b[at+4:])) + int(le.Uint32(g.b[at+8:])) + int(le.Uint32(g.b[at+12:]))
		end = max(end, e)
	}
	if want := uint64(end-1) / uint64(s.walk.pageSize); want < g.follow {
		s.warn(s.offset(g.id), fmt.Sprintf("page %d has %d pages that follow it, its content needs %d", g.id, g.follow, want), "")
	}
}

// leafCheck is what is wrong with a leaf page.
type leafCheck struct {
	bad      int64  // entries that cannot be read
	key      []byte // of the first, if it can be read
	why      string // of the first
	lo, hi   []byte // all of them lie between these; nil is no bound
	disorder string
	flags    int // elements with flags that mean nothing
}

// leaf verifies the entries of a page, which holds the keys from lo up to hi.
func (s *snapshotCheck) leaf(g *page, lo, hi []byte) error {
	var c leafCheck
	before, behind := lo, false // the good key before; whether the last entry was bad
	last := s.before            // the last key of all, nil if there is none
	for i := range g.count {
		el := g.element(i)
		e, err := decodeElement(&el)
		if err == nil && el.flags&elementBucket != 0 {
			err = errors.New("it is marked as a bucket")
		}
		if err != nil {
			if errors.Is(err, format.ErrNewerFormat) {
				return fmt.Errorf("%s: key %s: %w", s.snapshotFile.path, shownKey(el.key), err)
			}
			c.note(&el, err, before, hi)
			behind = true
			continue
		}
		if behind {
			c.hi, behind = e.Key, false
		}
		if el.flags != 0 {
			c.flags++
		}
		switch {
		case last != nil && bytes.Compare(last, e.Key) >= 0:
			c.disorder = fmt.Sprintf("key %s follows %s", shownKey(e.Key), shownKey(last))
		case !inRange(e.Key, lo, hi):
			c.disorder = fmt.Sprintf("key %s does not belong there", shownKey(e.Key))
		}
		before, last = e.Key, e.Key
		s.keys++
		s.bytes += int64(len(e.Key) + len(e.Value))
		s.clock = max(s.clock, e.Version.Time)
	}
	if last != nil {
		s.before = append(s.before[:0], last...) // the page goes
	}
	s.reportLeaf(g, &c)
	return nil
}

// note notes a bad entry between two keys.
func (c *leafCheck) note(el *element, err error, lo, hi []byte) {
	if c.bad++; c.bad == 1 {
		c.why, c.lo = err.Error(), lo
		if len(el.key) > 0 && len(el.key) <= format.MaxKeySize {
			c.key = el.key
		}
	}
	c.hi = hi
}

func (s *snapshotCheck) reportLeaf(g *page, c *leafCheck) {
	at := s.offset(g.id)
	switch {
	case c.bad == 1 && c.key != nil:
		s.fail(at, fmt.Sprintf("page %d: the entry of %s is damaged: %s", g.id, shownKey(c.key), c.why), "the entry of "+shownKey(c.key))
	case c.bad > 0:
		s.fail(at, fmt.Sprintf("page %d: %s damaged: %s", g.id, entriesAre(c.bad), c.why), shownRange(c.lo, c.hi))
	}
	if c.disorder != "" {
		s.fail(at, fmt.Sprintf("page %d is out of order: %s", g.id, c.disorder), "")
	}
	if c.flags > 0 {
		s.add(Finding{Level: CheckWarn, File: datadir.SnapshotFile, Offset: at, Mend: s.repairCommand(),
			Text: fmt.Sprintf("page %d: %d elements have flags that mean nothing; their entries are good", g.id, c.flags)})
	}
}
