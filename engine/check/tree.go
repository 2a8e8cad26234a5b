package check

import (
	"bytes"
	"errors"
	"fmt"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
	"owlcache/engine/internal/judge"
	"owlcache/engine/internal/pages"
)

// length verifies that a leaf page has as many pages as its content takes.
func (s *snapshotCheck) length(g *pages.Page) {
	if want := uint64(g.End()-1) / uint64(s.walk.File.PageSize); want < g.Follow {
		s.warn(s.walk.Offset(g.ID), fmt.Sprintf("page %d has %d pages that follow it, its content needs %d", g.ID, g.Follow, want), "")
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
func (s *snapshotCheck) leaf(g *pages.Page, lo, hi []byte) error {
	if s.leaves++; s.leaves%256 == 0 {
		if err := s.ctx.Err(); err != nil {
			return err
		}
	}
	s.progress.add(g.Size())
	s.length(g)
	var c leafCheck
	before, behind := lo, false // the good key before; whether the last entry was bad
	last := s.before            // the last key of all, nil if there is none
	for i := range g.Count {
		el := g.Element(i)
		e, err := el.Entry()
		if err == nil && el.Flags&pages.BucketFlag != 0 {
			err = errors.New("it is marked as a bucket")
		}
		if err != nil {
			if errors.Is(err, format.ErrNewerFormat) {
				return fmt.Errorf("%s: key %s: %w", s.Snapshot.Path, pages.ShownKey(el.Key), err)
			}
			c.note(&el, err, before, hi)
			behind = true
			continue
		}
		if behind {
			c.hi, behind = e.Key, false
		}
		if el.Flags != 0 {
			c.flags++
		}
		switch {
		case last != nil && bytes.Compare(last, e.Key) >= 0:
			c.disorder = fmt.Sprintf("key %s follows %s", pages.ShownKey(e.Key), pages.ShownKey(last))
		case !pages.InRange(e.Key, lo, hi):
			c.disorder = fmt.Sprintf("key %s does not belong there", pages.ShownKey(e.Key))
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
func (c *leafCheck) note(el *pages.Element, err error, lo, hi []byte) {
	if c.bad++; c.bad == 1 {
		c.why, c.lo = err.Error(), lo
		if len(el.Key) > 0 && len(el.Key) <= format.MaxKeySize {
			c.key = el.Key
		}
	}
	c.hi = hi
}

func (s *snapshotCheck) reportLeaf(g *pages.Page, c *leafCheck) {
	at := s.walk.Offset(g.ID)
	switch {
	case c.bad == 1 && c.key != nil:
		s.fail(at, fmt.Sprintf("page %d: the entry of %s is damaged: %s", g.ID, pages.ShownKey(c.key), c.why), "the entry of "+pages.ShownKey(c.key))
	case c.bad > 0:
		s.fail(at, fmt.Sprintf("page %d: %s damaged: %s", g.ID, judge.EntriesAre(c.bad), c.why), shownRange(c.lo, c.hi))
	}
	if c.disorder != "" {
		s.fail(at, fmt.Sprintf("page %d is out of order: %s", g.ID, c.disorder), "")
	}
	if c.flags > 0 {
		s.add(Finding{Level: Warn, File: datadir.SnapshotFile, Offset: at, Mend: s.repairCommand(),
			Text: fmt.Sprintf("page %d: %d elements have flags that mean nothing; their entries are good", g.ID, c.flags)})
	}
}
