package engine

import (
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math"
)

// bbolt trusts the pages of its file: a wrong child can send it round in circles
// until the memory is used up. So the tree is walked once, with bounds, before bbolt
// sees it. The layout is that of bbolt 1.x, internal/common; all little-endian:
//
//	page, 16 bytes              meta page, behind the header     elements, behind the header
//	 0  8  its number            0  4  magic                      branch: 4 pos, 4 key size, 8 page
//	 8  2  flags                 4  4  version, 2                 leaf:   4 flags, 4 pos, 4 key size,
//	10  2  count of elements     8  4  page size                          4 value size
//	12  4  pages that follow    16  8  root page                 pos counts from the element
//	                            32  8  page of the freelist
//	                            40  8  number of pages           bucket, 16 bytes, is the value of
//	                            48  8  transaction               a leaf element with flag 1:
//	                            56  8  FNV-1a of 0..55           0  8  root page, 0 = inline
const (
	pageHeader = 16
	metaLen    = 64

	pageBranch   = 1
	pageLeaf     = 2
	pageFreelist = 16

	elementBucket = 1  // flag of an element
	bucketHeader  = 16 // bytes before the page of a bucket in its element

	minPageSize = 1 << 10
	maxPageSize = 64 << 10
	maxDepth    = 64

	noFreelist = math.MaxUint64
)

// pageError says what is wrong with a page.
type pageError struct {
	page uint64
	why  string
}

func (e *pageError) Error() string { return e.why }

func badPage(id uint64, format string, args ...any) error {
	return &pageError{page: id, why: fmt.Sprintf(format, args...)}
}

// pageWalk walks the pages of a bbolt file.
type pageWalk struct {
	f        io.ReaderAt
	window   *pageWindow // if whole pages are read, else nil
	pageSize int64
	pages    uint64 // pages in the file
	root     uint64
	freelist uint64
	free     uint64 // pages in the freelist, once it has been visited
	txid     uint64

	seen pageSet
}

// pageVisitor says what is done with the pages of a tree.
type pageVisitor struct {
	// leaf, if set, gets each leaf page, valid during the call.
	leaf func(g *page) error
	// branch, if set, gets the keys of the branch pages.
	branch func(depth int, key []byte)
	// from and to bound the keys that are wanted: subtrees with none of these are
	// passed by. to is not included; nil is no bound.
	from, to []byte
	// damaged, if set, decides whether the walk goes on behind a bad page: nil is yes.
	damaged func(*pageError) error
}

// begin reads the meta page of a file of a size.
func (w *pageWalk) begin(size int64) error {
	if err := w.readMeta(); err != nil {
		return err
	}
	if w.pages > uint64(size)/uint64(w.pageSize) {
		return badPage(0, "the file ends before page %d, its last", w.pages-1)
	}
	w.seen = newPageSet(w.pages)
	return nil
}

// bytes reads n bytes from off on, valid until the next call.
func (w *pageWalk) bytes(off int64, n int) ([]byte, error) {
	if w.window != nil {
		return w.window.read(off, n)
	}
	b := make([]byte, n)
	_, err := w.f.ReadAt(b, off)
	return b, err
}

// header reads the header of a page and marks its pages as seen.
func (w *pageWalk) header(id uint64) (g page, err error) {
	if id < 2 || id >= w.pages {
		return g, badPage(id, "page %d does not exist: there are %d", id, w.pages)
	}
	b, err := w.bytes(int64(id)*w.pageSize, pageHeader)
	if err != nil {
		return g, err
	}
	g = page{id: id, kind: le.Uint16(b[8:]), count: int(le.Uint16(b[10:])), follow: uint64(le.Uint32(b[12:]))}
	if le.Uint64(b) != id || g.follow >= w.pages-id || g.kind != pageFreelist && int64(g.follow) >= maxPageRun/w.pageSize {
		return g, badPage(id, "page %d says that it is page %d, with %d to follow", id, le.Uint64(b), g.follow)
	}
	for i := id; i <= id+g.follow; i++ {
		if err := w.mark(i); err != nil {
			return g, err
		}
	}
	return g, nil
}

func (w *pageWalk) mark(id uint64) error {
	if id >= w.pages {
		return badPage(id, "page %d does not exist: there are %d", id, w.pages)
	}
	if !w.seen.add(id) {
		return badPage(id, "page %d is used twice", id)
	}
	return nil
}

// read reads the page g, of which header has read the header.
func (w *pageWalk) read(g *page) (err error) {
	if g.b, err = w.bytes(int64(g.id)*w.pageSize, int(g.follow+1)*int(w.pageSize)); err != nil {
		return err
	}
	if pageHeader+g.count*16 > len(g.b) {
		return badPage(g.id, "page %d says that it has %d elements", g.id, g.count)
	}
	return nil
}

// visit walks the tree below page id, which holds the keys from lo up to, not
// including, hi; nil is no bound.
func (w *pageWalk) visit(id uint64, depth int, lo, hi []byte, v *pageVisitor) error {
	g, err := w.header(id)
	if err != nil {
		return err
	}
	g.lo, g.hi = lo, hi
	switch {
	case depth > maxDepth:
		return badPage(id, "page %d lies too deep", id)
	case g.kind == pageLeaf && v.leaf == nil:
		return nil
	case g.kind != pageLeaf && g.kind != pageBranch:
		return badPage(id, "page %d is of kind %#x where a branch or a leaf should be", id, g.kind)
	}
	if err := w.read(&g); err != nil {
		return err
	}
	switch {
	case g.kind == pageLeaf:
		return v.leaf(&g)
	case g.count == 0:
		return badPage(id, "branch page %d is empty", id)
	case w.window != nil:
		g.b = bytes.Clone(g.b) // reading on moves the window
	}
	return w.children(&g, depth, v)
}

// children visits what is below a branch page, as far as it is wanted.
func (w *pageWalk) children(g *page, depth int, v *pageVisitor) error {
	for i := range g.count {
		key, child, ok := g.child(i)
		if !ok {
			return badPage(g.id, "page %d, element %d: the key lies outside", g.id, i)
		}
		if v.branch != nil {
			v.branch(depth, key)
		}
		lo, hi := g.lo, g.hi
		if i > 0 {
			lo = key
		}
		if i+1 < g.count {
			if next, _, ok := g.child(i + 1); ok {
				hi = next
			}
		}
		if i > 0 && !inRange(key, g.lo, g.hi) || i+1 < g.count && bytes.Compare(key, hi) >= 0 {
			if err := v.bad(badPage(g.id, "branch page %d is out of order at element %d", g.id, i)); err != nil {
				return err
			}
		}
		if i > 0 && v.to != nil && bytes.Compare(key, v.to) >= 0 {
			return nil
		}
		if i+1 < g.count && v.from != nil {
			if next, _, ok := g.child(i + 1); ok && bytes.Compare(next, v.from) <= 0 {
				continue
			}
		}
		if err := v.bad(w.visit(child, depth+1, lo, hi, v)); err != nil {
			return err
		}
	}
	return nil
}

// bad decides whether the walk goes on behind err, if that is a bad page.
func (v *pageVisitor) bad(err error) error {
	var bad *pageError
	if v.damaged != nil && errors.As(err, &bad) {
		return v.damaged(bad)
	}
	return err
}

// eachBucket calls f with the name and the value of each bucket.
func (w *pageWalk) eachBucket(f func(name, value []byte) error) error {
	return w.visit(w.root, 0, nil, nil, &pageVisitor{leaf: func(g *page) error {
		top := page{id: g.id, b: bytes.Clone(g.b), count: g.count} // reading on moves the window
		for i := range top.count {
			e := top.element(i)
			if !e.ok || e.flags != elementBucket || len(e.value) < bucketHeader {
				return badPage(g.id, "element %d of the root is no bucket", i)
			}
			if err := f(e.key, e.value); err != nil {
				return fmt.Errorf("bucket %.20q: %w", e.key, err)
			}
		}
		return nil
	}})
}

// visitBucket walks the tree of a bucket, of which this is the value in the root.
func (w *pageWalk) visitBucket(value []byte, v *pageVisitor) error {
	if id := le.Uint64(value); id != 0 {
		return v.bad(w.visit(id, 0, nil, nil, v))
	}
	if v.leaf == nil {
		return nil
	}
	g := page{id: 0, b: value[bucketHeader:], kind: pageLeaf}
	if len(g.b) >= pageHeader {
		g.count = int(le.Uint16(g.b[10:]))
	}
	if len(g.b) < pageHeader+16*g.count {
		return badPage(0, "it ends before its last element")
	}
	return v.leaf(&g)
}

// readMeta finds the newest meta page, as bbolt does.
func (w *pageWalk) readMeta() error {
	offsets := []int64{0}
	for size := int64(minPageSize); size <= maxPageSize; size *= 2 {
		offsets = append(offsets, size)
	}
	for _, off := range offsets {
		b := make([]byte, metaLen)
		if _, err := w.f.ReadAt(b, off+pageHeader); errors.Is(err, io.EOF) {
			continue
		} else if err != nil {
			return err
		}
		sum := fnv.New64a()
		_, _ = sum.Write(b[:56]) // a hash does not fail
		size := int64(le.Uint32(b[8:]))
		if le.Uint32(b) != bboltMagic || le.Uint64(b[56:]) != sum.Sum64() ||
			off != 0 && off != size || size < minPageSize || size > maxPageSize {
			continue
		}
		if txid := le.Uint64(b[48:]); w.pageSize == 0 || txid > w.txid {
			w.pageSize, w.txid = size, txid
			w.root, w.freelist, w.pages = le.Uint64(b[16:]), le.Uint64(b[32:]), le.Uint64(b[40:])
		}
	}
	if w.pageSize == 0 {
		return badPage(0, "neither of its two meta pages is valid")
	}
	return nil
}

// part returns n bytes of b from off on, if they are there.
func part(b []byte, off, n int) ([]byte, bool) {
	if off < 0 || n < 0 || off > len(b) || n > len(b)-off {
		return nil, false
	}
	return b[off : off+n], true
}

// visitFreelist checks that free pages are free: a page that is both would be
// written over.
func (w *pageWalk) visitFreelist() error {
	if w.freelist == noFreelist {
		return nil
	}
	g, err := w.header(w.freelist)
	if err != nil || g.kind != pageFreelist {
		return errors.Join(badPage(w.freelist, "page %d is no freelist", w.freelist), err)
	}
	b, err := w.bytes(int64(w.freelist)*w.pageSize, int(g.follow+1)*int(w.pageSize))
	if err != nil {
		return err
	}
	ids, count := b[pageHeader:], uint64(g.count)
	if g.count == math.MaxUint16 { // the true count comes first
		count, ids = le.Uint64(ids), ids[8:]
	}
	if count > uint64(len(ids)/8) {
		return badPage(w.freelist, "the freelist says that it has %d elements", count)
	}
	for i := range count {
		if id := le.Uint64(ids[8*i:]); id < 2 || w.mark(id) != nil {
			return badPage(w.freelist, "page %d is in the freelist, and in use", id)
		}
	}
	w.free = count
	return nil
}
