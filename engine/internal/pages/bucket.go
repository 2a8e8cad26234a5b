package pages

import (
	"bytes"
	"errors"
	"fmt"

	"owlcache/engine/internal/format"
)

// Bucket is a bucket, as its element has it.
type Bucket struct {
	page  uint64 // which has the element
	value []byte
}

// Bucket returns the bucket that is the value of an element. ok is false if the value is
// too short.
func (g *Page) Bucket(e *Element) (b Bucket, ok bool) {
	return Bucket{page: g.ID, value: e.Value}, e.OK && len(e.Value) >= bucketHeader
}

// root returns the page that has the bucket's keys; 0 is none.
func (b *Bucket) root() uint64 { return le.Uint64(b.value) }

// Inline returns the page that lies in the bucket's element, if one does.
func (p *File) Inline(b Bucket) (g Page, ok bool) {
	page := b.value[bucketHeader:]
	if b.root() != 0 || len(page) < HeaderSize {
		return g, false
	}
	g, _ = decodeHeader(b.page, page)
	g.b, g.Follow = page, 0
	if p.lenient {
		g.Kind = Leaf
		if len(page) >= HeaderSize+ElementSize {
			g.guessCount()
		}
	}
	return g, g.Kind == Leaf && g.fits()
}

// Root returns the page that has the buckets, which stays valid. It has no elements if
// it is lost.
func (w *Walk) Root() (Page, error) {
	g, err := w.leaf(w.Meta.Root, 0)
	g.b = bytes.Clone(g.b)
	return g, err
}

// leaf returns a page that is a leaf; it has no elements if it is lost.
func (w *Walk) leaf(id, parent uint64) (g Page, err error) {
	g, bad := w.enter(id, 0)
	if bad == nil && g.Kind != Leaf {
		bad = lost(id, "page %d is no leaf", id)
	}
	if bad != nil {
		bad.Parent = parent
		if err := w.bad(bad); err != nil || bad.Lost {
			return Page{}, err
		}
	}
	return g, nil
}

// Bucket visits the leaves of a bucket.
func (w *Walk) Bucket(b Bucket, v *Visitor) error {
	if id := b.root(); id != 0 {
		return w.tree(id, b.page, 0, nil, nil, v)
	}
	g, ok := w.File.Inline(b)
	if !ok {
		return w.bad(lost(b.page, "page %d has a bucket that cannot be read", b.page))
	}
	return v.Leaf(&g, nil, nil)
}

// Buckets calls visit with the buckets of the root, all of which must be some.
func (w *Walk) Buckets(visit func(name []byte, b Bucket) error) error {
	root, err := w.Root()
	if err != nil {
		return err
	}
	for i := range root.Count {
		e := root.Element(i)
		b, ok := root.Bucket(&e)
		if !ok || e.Flags != BucketFlag {
			return Errorf(root.ID, "page %d, the root: element %d is no bucket", root.ID, i)
		}
		if err := visit(e.Key, b); err != nil {
			return fmt.Errorf("bucket %.20q: %w", e.Key, err)
		}
	}
	return nil
}

// Entry returns the entry that an element of the bucket kv is.
func (e *Element) Entry() (format.Entry, error) {
	switch {
	case !e.OK:
		return format.Entry{}, errors.New("it lies outside of its page")
	case len(e.Key) == 0, len(e.Key) > format.MaxKeySize, len(e.Value) > format.ValueHeader+format.MaxValueSize:
		return format.Entry{}, errors.New("key or value has an impossible length")
	}
	return format.DecodeValue(e.Key, e.Value)
}

// BadEntry is an element of the bucket kv that is no good entry.
type BadEntry struct {
	Element
	Err    error
	Lo, Hi []byte // the entries before and behind it that are good have these keys; nil is no bound
}

// PlausibleKey returns the key, nil if it cannot be one.
func (b *BadEntry) PlausibleKey() []byte {
	if len(b.Key) == 0 || len(b.Key) > format.MaxKeySize {
		return nil
	}
	return b.Key
}

// Entries calls good with the elements of a leaf of which read makes an entry, in order,
// and returns the others. The page holds the keys from lo up to hi.
func (g *Page) Entries(lo, hi []byte, read func(*Element) (format.Entry, error), good func(*Element, *format.Entry)) (bad []BadEntry) {
	var (
		el   Element // one for all: they escape
		e    format.Entry
		err  error
		open int // the first bad one that has no good one behind it yet
	)
	for i := range g.Count {
		el = g.Element(i)
		if e, err = read(&el); err != nil {
			bad = append(bad, BadEntry{el, err, lo, hi})
			continue
		}
		for ; open < len(bad); open++ {
			bad[open].Hi = e.Key
		}
		lo = e.Key
		good(&el, &e)
	}
	return bad
}

// ReadMeta reads the bucket meta.
func (w *Walk) ReadMeta(b Bucket) (m format.SnapshotMeta, err error) {
	g, ok := w.File.Inline(b)
	switch id := b.root(); {
	case id != 0:
		g, err = w.leaf(id, b.page)
	case !ok:
		g, err = Page{}, w.bad(lost(b.page, "page %d has a bucket that cannot be read", b.page))
	}
	switch {
	case err != nil:
		return m, err
	case g.Kind == 0:
		return m, errors.New("bucket meta cannot be read")
	}
	values := map[string][]byte{}
	for i := range g.Count {
		if e := g.Element(i); e.OK && (w.File.lenient || e.Flags&BucketFlag == 0) {
			values[string(e.Key)] = e.Value
		}
	}
	return format.ParseMeta(func(name []byte) []byte { return values[string(name)] })
}
