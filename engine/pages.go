package engine

import (
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"os"
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

	minPageSize = 1 << 10
	maxPageSize = 64 << 10
	maxDepth    = 64

	noFreelist = math.MaxUint64
)

// pageTree is what checkPages learns of a file.
type pageTree struct {
	// bounds are keys that divide the bucket kv into parts of about the same size,
	// in order. The first part begins before the first of them.
	bounds [][]byte
}

// pageWalk walks the pages of a bbolt file.
type pageWalk struct {
	f        io.ReaderAt
	pageSize int64
	pages    uint64 // pages in the file
	root     uint64
	freelist uint64
	txid     uint64

	seen   []uint64 // a bit for each page
	levels [2][][]byte
}

// checkPages verifies the tree of pages in a bbolt file of a size: every page is
// there, is of its kind, and has one parent. It does not look at keys and values.
func checkPages(f io.ReaderAt, size int64) (*pageTree, error) {
	w := &pageWalk{f: f}
	if err := w.readMeta(); err != nil {
		return nil, err
	}
	if w.pages > uint64(size)/uint64(w.pageSize) {
		return nil, fmt.Errorf("the file ends before page %d, its last", w.pages-1)
	}
	w.seen = make([]uint64, w.pages/64+1)
	if err := w.visit(w.root, 0, w.topLeaf, nil); err != nil {
		return nil, err
	}
	if err := w.visitFreelist(); err != nil {
		return nil, err
	}
	if len(w.levels[0]) < 16 {
		return &pageTree{bounds: w.levels[1]}, nil
	}
	return &pageTree{bounds: w.levels[0]}, nil
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
		return errors.New("neither of its two meta pages is valid")
	}
	return nil
}

// header reads the header of a page and marks its pages as seen.
func (w *pageWalk) header(id uint64) (flags, count uint16, follow uint32, err error) {
	if id < 2 || id >= w.pages {
		return 0, 0, 0, fmt.Errorf("page %d does not exist: there are %d", id, w.pages)
	}
	var b [pageHeader]byte
	if _, err := w.f.ReadAt(b[:], int64(id)*w.pageSize); err != nil {
		return 0, 0, 0, err
	}
	follow = le.Uint32(b[12:])
	if le.Uint64(b[:]) != id || uint64(follow) >= w.pages-id {
		return 0, 0, 0, fmt.Errorf("page %d says that it is page %d, with %d to follow", id, le.Uint64(b[:]), follow)
	}
	for i := id; i <= id+uint64(follow); i++ {
		if err := w.mark(i); err != nil {
			return 0, 0, 0, err
		}
	}
	return le.Uint16(b[8:]), le.Uint16(b[10:]), follow, nil
}

func (w *pageWalk) mark(id uint64) error {
	if id >= w.pages {
		return fmt.Errorf("page %d does not exist: there are %d", id, w.pages)
	}
	if w.seen[id/64]&(1<<(id%64)) != 0 {
		return fmt.Errorf("page %d is used twice", id)
	}
	w.seen[id/64] |= 1 << (id % 64)
	return nil
}

// visit walks the tree below page id. leaf, if set, is called with the content of
// each leaf page, and branch with the keys of each branch page.
func (w *pageWalk) visit(id uint64, depth int, leaf func([]byte, int) error, branch func(depth int, key []byte)) error {
	flags, count, follow, err := w.header(id)
	if err != nil {
		return err
	}
	switch {
	case depth > maxDepth:
		return fmt.Errorf("page %d lies too deep", id)
	case flags == pageLeaf && leaf == nil:
		return nil
	case flags != pageLeaf && flags != pageBranch:
		return fmt.Errorf("page %d is of kind %#x where a branch or a leaf should be", id, flags)
	}
	b := make([]byte, (int64(follow)+1)*w.pageSize)
	if _, err := w.f.ReadAt(b, int64(id)*w.pageSize); err != nil {
		return err
	}
	if pageHeader+int(count)*16 > len(b) || flags == pageBranch && count == 0 {
		return fmt.Errorf("page %d says that it has %d elements", id, count)
	}
	if flags == pageLeaf {
		return leaf(b, int(count))
	}
	for i := range int(count) {
		at := pageHeader + 16*i
		key, ok := part(b, at+int(le.Uint32(b[at:])), int(le.Uint32(b[at+4:])))
		if !ok {
			return fmt.Errorf("page %d, element %d: the key lies outside", id, i)
		}
		if branch != nil {
			branch(depth, key)
		}
		if err := w.visit(le.Uint64(b[at+8:]), depth+1, leaf, branch); err != nil {
			return err
		}
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

// topLeaf looks for buckets in a leaf of the root tree and walks them.
func (w *pageWalk) topLeaf(b []byte, count int) error {
	for i := range count {
		at := pageHeader + 16*i
		key, ok1 := part(b, at+int(le.Uint32(b[at+4:])), int(le.Uint32(b[at+8:])))
		value, ok2 := part(b, at+int(le.Uint32(b[at+4:]))+len(key), int(le.Uint32(b[at+12:])))
		if !ok1 || !ok2 || le.Uint32(b[at:]) != 1 || len(value) < 16 {
			return fmt.Errorf("element %d of the root is no bucket", i)
		}
		root := le.Uint64(value)
		if root == 0 {
			continue
		}
		var branch func(int, []byte)
		if string(key) == bucketKV {
			branch = w.noteBound
		}
		if err := w.visit(root, 0, nil, branch); err != nil {
			return fmt.Errorf("bucket %.20q: %w", key, err)
		}
	}
	return nil
}

// noteBound keeps the keys of the two upper levels.
func (w *pageWalk) noteBound(depth int, key []byte) {
	if depth < len(w.levels) {
		w.levels[depth] = append(w.levels[depth], key)
	}
}

// visitFreelist checks that free pages are free: a page that is both would be
// written over.
func (w *pageWalk) visitFreelist() error {
	if w.freelist == noFreelist {
		return nil
	}
	flags, n, follow, err := w.header(w.freelist)
	if err != nil || flags != pageFreelist {
		return errors.Join(fmt.Errorf("page %d is no freelist", w.freelist), err)
	}
	b := make([]byte, (int64(follow)+1)*w.pageSize)
	if _, err := w.f.ReadAt(b, int64(w.freelist)*w.pageSize); err != nil {
		return err
	}
	ids, count := b[pageHeader:], uint64(n)
	if n == math.MaxUint16 { // the true count comes first
		count, ids = le.Uint64(ids), ids[8:]
	}
	if count > uint64(len(ids)/8) {
		return fmt.Errorf("the freelist says that it has %d elements", count)
	}
	for i := range count {
		if id := le.Uint64(ids[8*i:]); id < 2 || w.mark(id) != nil {
			return fmt.Errorf("page %d is in the freelist, and in use", id)
		}
	}
	return nil
}

// checkSnapshot is checkPages of the file at path; a bad tree is a *CorruptError.
func checkSnapshot(path string) (*pageTree, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	tree, err := checkPages(f, fi.Size())
	if err != nil {
		return nil, &CorruptError{Path: path, Offset: -1, Reason: err.Error()}
	}
	return tree, nil
}
