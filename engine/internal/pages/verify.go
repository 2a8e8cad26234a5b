package pages

import (
	"bytes"
	"io"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
)

// Verify verifies the tree of pages in the bbolt file at path: every page is there, is of
// its kind, has one parent, and its first and last keys belong there. It does not look at
// other keys, nor at values. It returns keys that divide the bucket kv into parts of about
// the same size, in order; the first part begins before the first of them. A bad tree is
// a *format.CorruptError.
func Verify(path string) (bounds [][]byte, err error) {
	f, err := datadir.OpenRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if bounds, err = verify(f, fi.Size()); err != nil {
		return nil, &format.CorruptError{Path: path, Offset: -1, Reason: err.Error()}
	}
	return bounds, nil
}

func verify(f io.ReaderAt, size int64) (bounds [][]byte, err error) {
	file := Open(f, size)
	meta, err := file.Newest()
	if err != nil {
		return nil, err
	}
	w := file.Walk(meta, nil)
	var levels [2][][]byte // the keys of the two upper levels
	note := func(depth int, key []byte) {
		if depth < len(levels) {
			levels[depth] = append(levels[depth], bytes.Clone(key))
		}
	}
	err = w.Buckets(func(name []byte, b Bucket) error {
		v := Visitor{Leaf: verifyEnds}
		if string(name) == format.BucketKV {
			v.Branch = note
		}
		return w.Bucket(b, &v)
	})
	if err == nil {
		_, err = w.Free()
	}
	if err != nil {
		return nil, err
	}
	if len(levels[0]) < 16 {
		return levels[1], nil
	}
	return levels[0], nil
}

// verifyEnds verifies that the first and the last key of a leaf page lie within its
// bounds: else they would be read, but not be found to be written.
func verifyEnds(g *Page, lo, hi []byte) error {
	for _, i := range []int{0, g.Count - 1} {
		if g.Count == 0 {
			break
		}
		if e := g.Element(i); !e.OK || !InRange(e.Key, lo, hi) {
			return Errorf(g.ID, "page %d has keys that do not belong there", g.ID)
		}
	}
	return nil
}
