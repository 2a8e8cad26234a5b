package engine

import (
	"bytes"
	"io"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
)

// pageTree is what checkPages learns of a file.
type pageTree struct {
	// bounds are keys that divide the bucket kv into parts of about the same size,
	// in order. The first part begins before the first of them.
	bounds [][]byte
}

// checkSnapshot is checkPages of the file at path; a bad tree is a *CorruptError.
func checkSnapshot(path string) (*pageTree, error) {
	f, err := datadir.OpenRegular(path)
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
		return nil, &format.CorruptError{Path: path, Offset: -1, Reason: err.Error()}
	}
	return tree, nil
}

// checkPages verifies the tree of pages in a bbolt file of a size: every page is
// there, is of its kind, has one parent, and its first and last keys belong there. It
// does not look at other keys, nor at values.
func checkPages(f io.ReaderAt, size int64) (*pageTree, error) {
	w := &pageWalk{f: f, window: &pageWindow{f: f}}
	if err := w.begin(size); err != nil {
		return nil, err
	}
	var levels [2][][]byte // the keys of the two upper levels
	note := func(depth int, key []byte) {
		if depth < len(levels) {
			levels[depth] = append(levels[depth], bytes.Clone(key))
		}
	}
	err := w.eachBucket(func(name, value []byte) error {
		v := pageVisitor{leaf: checkEnds}
		if string(name) == format.BucketKV {
			v.branch = note
		}
		return w.visitBucket(value, &v)
	})
	if err == nil {
		err = w.visitFreelist()
	}
	if err != nil {
		return nil, err
	}
	if len(levels[0]) < 16 {
		return &pageTree{bounds: levels[1]}, nil
	}
	return &pageTree{bounds: levels[0]}, nil
}

// checkEnds verifies that the first and the last key of a leaf page lie within its
// bounds: else they would be read, but not be found to be written.
func checkEnds(g *page) error {
	for _, i := range []int{0, g.count - 1} {
		if g.count == 0 {
			break
		}
		if e := g.element(i); !e.ok || !inRange(e.key, g.lo, g.hi) {
			return badPage(g.id, "page %d has keys that do not belong there", g.id)
		}
	}
	return nil
}
