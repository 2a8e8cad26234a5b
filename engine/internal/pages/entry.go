package pages

import (
	"errors"

	"owlcache/engine/internal/format"
)

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
		if e := g.Element(i); e.OK && e.Flags&BucketFlag == 0 {
			values[string(e.Key)] = e.Value
		}
	}
	return format.ParseMeta(func(name []byte) []byte { return values[string(name)] })
}
