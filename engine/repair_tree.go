package engine

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"

	"owlcache/engine/internal/format"
)

// treeWalk walks the tree of a damaged snapshot. Entries are told by their own
// checksum, so that a page is read whatever its header says.
type treeWalk struct {
	*pageFile
	meta   metaPage
	seen   pageSet
	free   pageSet
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
	key     []byte // nil if it cannot be read
	lo, hi  []byte // it lies between these; nil is no bound
	version format.Version
	page    uint64
	why     string
}

// The reasons for doubt about an entry of the tree.
const (
	doubtFree    = "it lies in a page of the snapshot that is in use and listed as free"
	doubtOutside = "it lies in a page of the snapshot that is not where it belongs"
)

func newTreeWalk(p *pageFile, m metaPage, take func(*format.Entry, string)) *treeWalk {
	return &treeWalk{pageFile: p, meta: m, seen: newPageSet(p.count), take: take}
}

// walk visits all that the meta page leads to.
func (w *treeWalk) walk() {
	w.infoErr = errors.New("bucket meta is missing")
	w.seen.add(0)
	w.seen.add(1)
	var list page
	if w.free, list, w.freeOK = w.readFreelist(&w.meta); w.freeOK {
		w.mark(&list)
	}
	root, ok := w.enter(w.meta.root, 0, nil, nil)
	if !ok {
		return
	}
	kv := false
	for i := range root.count {
		e := root.element(i)
		switch {
		case root.kind != pageLeaf || !e.ok || len(e.value) < 16:
		case string(e.key) == format.BucketMeta:
			w.readInfo(&root, e.value)
		case string(e.key) == format.BucketKV || e.flags == 1: // there is no third one
			kv = true
			w.bucket(&root, e.value)
		}
	}
	switch missing := w.infoErr == nil && w.found+int64(len(w.bad)) < w.info.Keys; {
	case !kv:
		w.flaw(treeFlaw{page: root.id, why: "the bucket of the entries is missing", lost: true, search: true})
	case missing && !w.searching():
		w.flaw(treeFlaw{page: root.id, why: "the tree does not lead to all entries", lost: true, search: true})
	}
}

// bucket visits the bucket kv, whose value in the root this is.
func (w *treeWalk) bucket(root *page, value []byte) {
	if id := le.Uint64(value); id != 0 {
		w.visit(id, 1, nil, nil)
		return
	}
	if g, ok := inline(root, value); ok {
		w.leaf(&g, nil, nil)
	}
}

// inline returns the page that lies in the value of a small bucket.
func inline(outer *page, value []byte) (g page, ok bool) {
	if len(value) < 16+pageHeader {
		return g, false
	}
	g = page{id: outer.id, b: value[16:], kind: pageLeaf, count: int(le.Uint16(value[16+10:]))}
	if len(g.b) >= pageHeader+16 {
		g.guessCount()
	}
	return g, len(g.b) >= pageHeader+16*g.count
}

// readInfo reads the bucket meta.
func (w *treeWalk) readInfo(root *page, value []byte) {
	g, ok := inline(root, value)
	if id := le.Uint64(value); id != 0 {
		g, ok = w.enter(id, 1, nil, nil)
	}
	if !ok {
		return
	}
	fields := map[string][]byte{}
	for i := range g.count {
		if e := g.element(i); g.kind == pageLeaf && e.ok {
			fields[string(e.key)] = e.value
		}
	}
	w.info, w.infoErr = format.ParseMeta(func(name []byte) []byte { return fields[string(name)] })
}

// enter reads a page that the tree leads to, which holds the keys from lo to hi.
func (w *treeWalk) enter(id uint64, depth int, lo, hi []byte) (g page, ok bool) {
	f := treeFlaw{page: id, lo: lo, hi: hi, lost: true, search: true}
	switch {
	case id < 2 || id >= min(w.count, max(w.meta.pages, 4)):
		f.why = fmt.Sprintf("page %d does not exist", id)
	case depth > maxDepth:
		f.why = fmt.Sprintf("page %d lies too deep", id)
	case !w.seen.add(id):
		f.why = fmt.Sprintf("page %d is used twice", id)
	}
	if f.why != "" {
		f.page = 0
		w.flaw(f)
		return g, false
	}
	g = w.read(id)
	w.mark(&g)
	if g.wrong != "" {
		f.why, f.lost, f.search = fmt.Sprintf("page %d: %s", id, g.wrong), g.kind == 0, g.kind == 0
		w.flaw(f)
	}
	return g, g.kind != 0
}

func (w *treeWalk) mark(g *page) {
	for id := g.id; id <= g.id+g.follow; id++ {
		w.seen.add(id)
	}
}

func (w *treeWalk) flaw(f treeFlaw) { w.flaws = append(w.flaws, f) }

// visit walks the pages below id in the bucket kv.
func (w *treeWalk) visit(id uint64, depth int, lo, hi []byte) {
	g, ok := w.enter(id, depth, lo, hi)
	switch {
	case !ok:
		return
	case g.kind == pageLeaf:
		w.leaf(&g, lo, hi)
		return
	case g.count == 0:
		w.flaw(treeFlaw{page: id, lo: lo, hi: hi, why: fmt.Sprintf("branch page %d is empty", id), lost: true, search: true})
	}
	from := lo
	for i := range g.count {
		key, child, ok := g.child(i)
		if !ok {
			w.flaw(treeFlaw{page: id, lo: lo, hi: hi, why: fmt.Sprintf("branch page %d, element %d: the key lies outside", id, i)})
		} else if i > 0 {
			from = key
		}
		to := hi
		if i+1 < g.count {
			if next, _, ok := g.child(i + 1); ok {
				to = next
			}
		}
		w.visit(child, depth+1, from, to)
	}
}

// leaf takes the entries of a page.
func (w *treeWalk) leaf(g *page, lo, hi []byte) {
	doubt := ""
	if w.freeOK && w.free.has(g.id) {
		doubt = doubtFree
		w.flaw(treeFlaw{page: g.id, lo: lo, hi: hi, why: fmt.Sprintf("page %d is in use and listed as free", g.id), search: true})
	}
	outside := false
	before, bad := lo, len(w.bad) // the good key before, and the bad entries since then
	for i := range g.count {
		el := g.element(i)
		e, err := decodeElement(&el)
		if err != nil {
			w.badEntry(g, &el, err)
			w.bad[len(w.bad)-1].lo, w.bad[len(w.bad)-1].hi = before, hi
			continue
		}
		for ; bad < len(w.bad); bad++ {
			w.bad[bad].hi = e.Key
		}
		before = e.Key
		w.found++
		why := doubt
		if !inRange(e.Key, lo, hi) {
			outside = true
			if !w.freeOK {
				why = doubtOutside
			}
		}
		if w.take != nil {
			w.take(&e, why)
		}
	}
	if outside {
		w.flaw(treeFlaw{page: g.id, lo: lo, hi: hi, why: fmt.Sprintf("page %d has keys that do not belong there", g.id), search: true})
	}
}

// decodeElement returns the entry that an element of the bucket kv is.
func decodeElement(el *element) (e format.Entry, err error) {
	if !el.ok {
		return e, errors.New("it lies outside of its page")
	}
	if len(el.key) == 0 || len(el.key) > format.MaxKeySize || len(el.value) > format.ValueHeader+format.MaxValueSize {
		return e, errors.New("key or value has an impossible length")
	}
	return format.DecodeValue(el.key, el.value)
}

func (w *treeWalk) badEntry(g *page, el *element, err error) {
	b := badEntry{page: g.id, why: err.Error()}
	if len(el.key) > 0 && len(el.key) <= format.MaxKeySize {
		b.key = bytes.Clone(el.key)
	}
	if len(el.value) >= format.ValueHeader {
		b.version = format.Version{Time: le.Uint64(el.value[8:]), Node: le.Uint64(el.value[16:])}
	}
	w.bad = append(w.bad, b)
}

func inRange(key, lo, hi []byte) bool {
	return (lo == nil || bytes.Compare(key, lo) >= 0) && (hi == nil || bytes.Compare(key, hi) < 0)
}

// sound tells whether the walk has found all there should be, and nothing wrong.
func (w *treeWalk) sound() bool {
	return len(w.flaws) == 0 && len(w.bad) == 0 && w.infoErr == nil && w.found == w.info.Keys
}

// searching tells whether any place is searched for.
func (w *treeWalk) searching() bool {
	return slices.ContainsFunc(w.flaws, func(f treeFlaw) bool { return f.search })
}

// searched tells whether a key belongs to a place that is damaged.
func (w *treeWalk) searched(key []byte) bool {
	for i := range w.flaws {
		if f := &w.flaws[i]; f.search && inRange(key, f.lo, f.hi) {
			return true
		}
	}
	return false
}

// orphans calls f with the good entries in pages that the walk has not come to: in
// those that are listed as free, or in the others. A page is looked at once, unless
// again is set.
func (w *treeWalk) orphans(free, again bool, f func(e *format.Entry)) {
	for id := uint64(2); id < w.count; id++ {
		if w.seen.has(id) || (w.freeOK && w.free.has(id)) != free {
			continue
		}
		head := w.bytes(int64(id)*w.pageSize, pageHeader)
		if le.Uint64(head) != id && le.Uint16(head[8:]) != pageLeaf {
			continue
		}
		g := w.read(id)
		if g.kind != pageLeaf {
			continue
		}
		good := 0
		for i := range g.count {
			el := g.element(i)
			if e, err := decodeElement(&el); err == nil {
				good++
				f(&e)
			} else if el.ok && el.flags == 1 && string(el.key) == format.BucketKV && len(el.value) >= 16 && le.Uint64(el.value) == 0 {
				good += w.orphanBucket(&g, el.value, f)
			}
		}
		switch {
		case good > 0 && again:
			id += g.follow
		case good > 0:
			w.mark(&g) // what follows is content, not pages
		}
	}
}

// orphanBucket is orphans for a bucket that lies in its element.
func (w *treeWalk) orphanBucket(outer *page, value []byte, f func(e *format.Entry)) (good int) {
	g, ok := inline(outer, value)
	if !ok {
		return 0
	}
	for i := range g.count {
		el := g.element(i)
		if e, err := decodeElement(&el); err == nil {
			good++
			f(&e)
		}
	}
	return good
}

// offset returns where a page begins, -1 if it is not known.
func (w *treeWalk) offset(id uint64) int64 {
	if id == 0 || id > math.MaxInt64/maxPageSize {
		return -1
	}
	return int64(id) * w.pageSize
}
