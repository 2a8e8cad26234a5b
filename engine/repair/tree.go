package repair

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"owlcache/engine/internal/format"
	"owlcache/engine/internal/pages"
)

// treeWalk walks the tree of a damaged snapshot. Entries are told by their own
// checksum, so that a page is read whatever its header says.
type treeWalk struct {
	*pages.Walk
	free   pages.Set
	freeOK bool
	// take gets each good entry; doubt says why it may not be what was there last, if
	// it may not.
	take func(e *format.Entry, doubt string)

	found   int64
	info    format.SnapshotMeta
	infoErr error
	flaws   []treeFlaw
	bad     []badEntry
}

// treeFlaw is a place of the tree that is damaged, and the keys that belong there.
type treeFlaw struct {
	page   uint64
	lo, hi []byte // from lo up to, not including, hi; nil is no bound
	why    string
	lost   bool // what was there could not be read
	search bool // it may be elsewhere in the file
}

// badEntry is an entry that does not have the right checksum.
type badEntry struct {
	pages.BadEntry
	page uint64
}

// The reasons for doubt about an entry of the tree.
const (
	doubtFree    = "it lies in a page of the snapshot that is in use and listed as free"
	doubtOutside = "it lies in a page of the snapshot that is not where it belongs"
)

func newTreeWalk(file *pages.File, m pages.Meta, take func(*format.Entry, string)) *treeWalk {
	w := &treeWalk{take: take}
	w.Walk = file.Walk(m, w.badPage)
	return w
}

func (w *treeWalk) walk() {
	w.infoErr = errors.New("bucket meta is missing")
	w.free, w.freeOK = w.FreeSet()
	root, _ := w.Root() // nothing that is bad ends the walk
	if root.Kind == 0 {
		return
	}
	kv := false
	for i := range root.Count {
		e := root.Element(i)
		b, ok := root.Bucket(&e)
		switch {
		case !ok:
		case string(e.Key) == format.BucketMeta:
			w.info, w.infoErr = w.ReadMeta(b)
		case string(e.Key) == format.BucketKV || e.Flags == pages.BucketFlag: // there is no third one
			kv = true
			_ = w.Bucket(b, &pages.Visitor{Leaf: w.leaf}) // the same
		}
	}
	switch missing := w.infoErr == nil && w.found+int64(len(w.bad)) < w.info.Keys; {
	case !kv:
		w.flaw(treeFlaw{page: root.ID, why: "the bucket of the entries is missing", lost: true, search: true})
	case missing && !slices.ContainsFunc(w.flaws, func(f treeFlaw) bool { return f.search }):
		w.flaw(treeFlaw{page: root.ID, why: "the tree does not lead to all entries", lost: true, search: true})
	}
}

// badPage notes a damaged page; what belongs there may be elsewhere if it is lost.
func (w *treeWalk) badPage(bad *pages.Error) error {
	w.flaw(treeFlaw{page: bad.Page, lo: bad.Lo, hi: bad.Hi, why: bad.Why, lost: bad.Lost, search: bad.Lost})
	return nil
}

func (w *treeWalk) flaw(f treeFlaw) { w.flaws = append(w.flaws, f) }

func (w *treeWalk) leaf(g *pages.Page, lo, hi []byte) error {
	doubt := ""
	if w.freeOK && w.free.Has(g.ID) {
		doubt = doubtFree
		w.flaw(treeFlaw{page: g.ID, lo: lo, hi: hi, why: fmt.Sprintf("page %d is in use and listed as free", g.ID), search: true})
	}
	outside := false
	bad := g.Entries(lo, hi, (*pages.Element).Entry, func(_ *pages.Element, e *format.Entry) {
		w.found++
		why := doubt
		if !pages.InRange(e.Key, lo, hi) {
			outside = true
			if !w.freeOK {
				why = doubtOutside
			}
		}
		if w.take != nil {
			w.take(e, why)
		}
	})
	for i := range bad {
		w.bad = append(w.bad, badEntry{bad[i], g.ID})
	}
	if outside {
		w.flaw(treeFlaw{page: g.ID, lo: lo, hi: hi, why: fmt.Sprintf("page %d has keys that do not belong there", g.ID), search: true})
	}
	return nil
}

// version returns what the entry says of its version.
func (b *badEntry) version() (v format.Version) {
	if len(b.Value) >= format.ValueHeader {
		v = format.Version{Time: binary.LittleEndian.Uint64(b.Value[8:]), Node: binary.LittleEndian.Uint64(b.Value[16:])}
	}
	return v
}

// sound tells whether the walk has found all there should be, and nothing wrong.
func (w *treeWalk) sound() bool {
	return len(w.flaws) == 0 && len(w.bad) == 0 && w.infoErr == nil && w.found == w.info.Keys
}

// searched tells whether a key belongs to a place that is damaged.
func (w *treeWalk) searched(key []byte) bool {
	for i := range w.flaws {
		if f := &w.flaws[i]; f.search && pages.InRange(key, f.lo, f.hi) {
			return true
		}
	}
	return false
}

// orphans calls f with the good entries in pages that the walk has not come to: in
// those that are listed as free, or in the others. A page is looked at once, unless
// again is set.
func (w *treeWalk) orphans(free, again bool, f func(e *format.Entry)) {
	for id := uint64(2); id < w.File.Count(); id++ {
		if w.Seen(id) || (w.freeOK && w.free.Has(id)) != free || !w.File.MayBeLeaf(id) {
			continue
		}
		g := w.File.Read(id)
		if g.Kind != pages.Leaf {
			continue
		}
		switch good := w.orphanPage(&g, true, f); {
		case !good:
		case again:
			id += g.Follow
		default:
			w.Mark(&g) // what follows is content, not pages
		}
	}
}

// orphanPage calls f with the good entries of a leaf page, also, if buckets is set, with
// those of a bucket that lies in it, and tells whether there are any.
func (w *treeWalk) orphanPage(g *pages.Page, buckets bool, f func(e *format.Entry)) (good bool) {
	for i := range g.Count {
		el := g.Element(i)
		if e, err := el.Entry(); err == nil {
			good = true
			f(&e)
			continue
		}
		b, ok := g.Bucket(&el)
		if !buckets || !ok || el.Flags != pages.BucketFlag || string(el.Key) != format.BucketKV {
			continue
		}
		if inner, ok := w.File.Inline(b); ok {
			good = w.orphanPage(&inner, false, f) || good
		}
	}
	return good
}
