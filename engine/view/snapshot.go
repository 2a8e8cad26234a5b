package view

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"owlcache/engine/internal/format"
	"owlcache/engine/internal/held"
	"owlcache/engine/internal/pages"
)

// snapshotFile is a snapshot that is read page by page, in bounded memory.
type snapshotFile struct {
	*held.Snapshot
	meta format.SnapshotMeta
	kv   pages.Bucket
	free int64 // bytes in free pages
}

func (s *snapshotFile) begin(bad func(*pages.Error) error) (*pages.Walk, error) {
	file := pages.Open(s.File, s.Size)
	meta, err := file.Newest()
	if err != nil {
		return nil, &format.CorruptError{Path: s.Path, Offset: -1, Reason: err.Error()}
	}
	return file.Walk(meta, bad), nil
}

// readMeta reads what the snapshot says of itself, and the freelist.
func (s *snapshotFile) readMeta() error {
	w, err := s.begin(nil)
	if err != nil {
		return err
	}
	found := map[string]pages.Bucket{}
	err = w.Buckets(func(name []byte, b pages.Bucket) error { found[string(name)] = b; return nil })
	kv, ok1 := found[format.BucketKV]
	meta, ok2 := found[format.BucketMeta]
	switch {
	case err != nil:
	case !ok1 || !ok2:
		err = errors.New("bucket kv or meta is missing")
	default:
		s.kv = kv
		s.meta, err = w.ReadMeta(meta)
	}
	if err != nil {
		return s.damage(w, err)
	}
	if w, err = s.begin(nil); err != nil { // the buckets have not been walked
		return err
	}
	free, err := w.Free()
	if err != nil {
		return s.damage(w, err)
	}
	s.free = int64(free) * w.File.PageSize
	return nil
}

type snapshotScan struct {
	*snapshotFile
	walk     *pages.Walk
	from, to []byte // bounds of the keys; to is not included, nil is no bound
	damaged  func(*format.CorruptError) error
	visit    func(e *format.Entry) error

	before  []byte // the key before
	current format.Entry
}

// scan calls visit with the entries from the key from up to, not including, to, in
// order. damaged decides whether the walk goes on behind what cannot be read.
func (s *snapshotFile) scan(from, to []byte, damaged func(*format.CorruptError) error, visit func(e *format.Entry) error) (err error) {
	c := snapshotScan{snapshotFile: s, from: from, to: to, damaged: damaged, visit: visit}
	if c.walk, err = s.begin(c.bad); err != nil {
		return err
	}
	return c.walk.Bucket(s.kv, &pages.Visitor{From: from, To: to, Leaf: c.leaf})
}

func (c *snapshotScan) bad(bad *pages.Error) error {
	var damage *format.CorruptError
	err := c.damage(c.walk, bad)
	if errors.As(err, &damage) {
		return c.damaged(damage)
	}
	return err
}

func (c *snapshotScan) leaf(g *pages.Page, _, _ []byte) error {
	var e pages.Element // one for all: it escapes
	for i := range g.Count {
		if e = g.Element(i); !e.OK || e.Flags != 0 {
			return c.bad(pages.Errorf(g.ID, "page %d, element %d is no key with a value inside of the page", g.ID, i))
		}
		if err := c.take(g, &e); err != nil {
			return err
		}
	}
	return nil
}

func (c *snapshotScan) take(g *pages.Page, el *pages.Element) (err error) {
	if !pages.InRange(el.Key, c.from, c.to) {
		return nil
	}
	if c.current, err = el.Entry(); err != nil {
		if errors.Is(err, format.ErrNewerFormat) {
			return fmt.Errorf("%s: key %.100q: %w", c.Path, el.Key, err)
		}
		return c.bad(pages.Errorf(g.ID, "key %.100q: %v", el.Key, err))
	}
	if c.before != nil && bytes.Compare(c.before, el.Key) >= 0 {
		return c.bad(pages.Errorf(g.ID, "key %.100q follows %.100q: the pages are out of order", el.Key, c.before))
	}
	c.before = append(c.before[:0], el.Key...)
	return c.visit(&c.current)
}

// damage makes a *format.CorruptError of what the walk w has found; an error of reading
// the file stays as it is.
func (s *snapshotFile) damage(w *pages.Walk, err error) error {
	var bad *pages.Error
	if !errors.As(err, &bad) {
		return format.SnapshotDamage(s.Path, "", err)
	}
	if bad.Err != nil && !errors.Is(bad.Err, io.ErrUnexpectedEOF) {
		return bad.Err
	}
	return &format.CorruptError{Path: s.Path, Offset: w.Offset(bad.Page), Reason: err.Error()}
}
