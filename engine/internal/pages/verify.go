package pages

import (
	"bytes"
	"io"
)

// Verify verifies the tree of pages in a bbolt file of a size: every page is there, is
// of its kind, has one parent, and its first and last keys belong there. It does not look
// at other keys, nor at values. It returns keys that divide a bucket into parts of about
// the same size, in order; the first part begins before the first of them. An *Error says
// what is wrong.
func Verify(f io.ReaderAt, size int64, bucket string) (bounds [][]byte, err error) {
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
		if string(name) == bucket {
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
