package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/gofrs/flock"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
	"owlcache/engine/internal/pages"
)

// lockPoll is how often the lock of the snapshot is tried while a checkpoint has it.
const lockPoll = 2 * time.Millisecond

// snapshotFile is a snapshot that is read page by page, in bounded memory. It is
// locked as bbolt does for reading, so that it does not change.
type snapshotFile struct {
	path string
	lock *flock.Flock
	f    *os.File
	size int64

	meta format.SnapshotMeta
	kv   pages.Bucket
	free int64 // bytes in free pages
}

// lockSnapshot locks the file at path and opens it. While a checkpoint has it, that is
// waited for. It returns an error that is fs.ErrNotExist if there is no file.
func lockSnapshot(ctx context.Context, path string, waiting func()) (*snapshotFile, error) {
	for {
		s, err := tryLockSnapshot(path)
		if s != nil || err != nil {
			return s, err
		}
		if waiting != nil {
			waiting()
			waiting = nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(lockPoll):
		}
	}
}

// tryLockSnapshot returns nil if somebody writes the file.
func tryLockSnapshot(path string) (*snapshotFile, error) {
	// The lock would make the file, or wait for the other end of a pipe.
	if fi, err := os.Stat(path); err != nil {
		if link := danglingLink(path); link != nil {
			return nil, link
		}
		return nil, err
	} else if !fi.Mode().IsRegular() {
		return nil, &format.CorruptError{Path: path, Offset: -1, Reason: datadir.ErrNotRegular.Error()}
	}
	s := &snapshotFile{path: path, lock: flock.New(path, flock.SetFlag(os.O_RDONLY))}
	locked, err := s.lock.TryRLock()
	if err != nil {
		return nil, fmt.Errorf("lock snapshot: %w", err)
	}
	if !locked {
		return nil, s.close()
	}
	if s.f, err = datadir.OpenRegular(path); err != nil {
		return nil, errors.Join(err, s.close())
	}
	same, err := s.sameFile()
	if err != nil || !same {
		return nil, errors.Join(err, s.close()) // it was replaced meanwhile
	}
	return s, nil
}

// sameFile tells whether the lock is on the file that is read, and that on the one
// at the path.
func (s *snapshotFile) sameFile() (bool, error) {
	locked, err1 := s.lock.Stat()
	open, err2 := s.f.Stat()
	named, err3 := os.Stat(s.path)
	if err := errors.Join(err1, err2, err3); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	s.size = open.Size()
	return os.SameFile(locked, open) && os.SameFile(open, named), nil
}

func (s *snapshotFile) close() error {
	var err error
	if s.f != nil {
		err = s.f.Close()
	}
	return errors.Join(err, s.lock.Close())
}

// begin begins a walk of the file's pages.
func (s *snapshotFile) begin(bad func(*pages.Error) error) (*pages.Walk, error) {
	file := pages.Open(s.f, s.size)
	meta, err := file.Newest()
	if err != nil {
		return nil, &format.CorruptError{Path: s.path, Offset: -1, Reason: err.Error()}
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
	s.free = int64(free) * w.PageSize()
	return nil
}

// snapshotScan is one walk over the entries of a snapshot.
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

// bad tells of damage.
func (c *snapshotScan) bad(bad *pages.Error) error {
	var damage *format.CorruptError
	err := c.damage(c.walk, bad)
	if errors.As(err, &damage) {
		return c.damaged(damage)
	}
	return err
}

// leaf passes on the entries of a page.
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

// take passes on the entry that an element of a page is.
func (c *snapshotScan) take(g *pages.Page, el *pages.Element) (err error) {
	if !pages.InRange(el.Key, c.from, c.to) {
		return nil
	}
	if c.current, err = el.Entry(); err != nil {
		if errors.Is(err, format.ErrNewerFormat) {
			return fmt.Errorf("%s: key %.100q: %w", c.path, el.Key, err)
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
		return format.SnapshotDamage(s.path, "", err)
	}
	if bad.Err != nil && !errors.Is(bad.Err, io.ErrUnexpectedEOF) {
		return bad.Err
	}
	return &format.CorruptError{Path: s.path, Offset: w.Offset(bad.Page), Reason: err.Error()}
}
