package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"time"

	"github.com/gofrs/flock"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
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

	pageSize int64

	meta format.SnapshotMeta
	kv   []byte // the bucket kv, as the root has it
	free int64  // bytes in free pages
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

// begin returns a walk of the file's pages.
func (s *snapshotFile) begin() (*pageWalk, error) {
	w := &pageWalk{f: s.f, window: &pageWindow{f: s.f}}
	if err := w.begin(s.size); err != nil {
		return nil, s.damage(err)
	}
	s.pageSize = w.pageSize
	return w, nil
}

// readMeta reads what the snapshot says of itself, and the freelist.
func (s *snapshotFile) readMeta() error {
	w, err := s.begin()
	if err != nil {
		return err
	}
	fields, there := map[string][]byte{}, false
	err = w.eachBucket(func(name, value []byte) error {
		switch string(name) {
		case format.BucketKV:
			s.kv = bytes.Clone(value)
		case format.BucketMeta:
			there = true
			return w.visitBucket(value, &pageVisitor{leaf: func(g *page) error {
				return g.elements(func(e *element) error {
					fields[string(e.key)] = bytes.Clone(e.value)
					return nil
				})
			}})
		}
		return nil
	})
	if err == nil && (s.kv == nil || !there) {
		err = badPage(0, "bucket kv or meta is missing")
	}
	if err == nil {
		if s.meta, err = format.ParseMeta(func(name []byte) []byte { return fields[string(name)] }); err != nil {
			err = format.SnapshotDamage(s.path, "", err)
		}
	}
	if err == nil {
		w.seen = newPageSet(w.pages) // the buckets have not been walked
		err = w.visitFreelist()
	}
	s.free = int64(w.free) * w.pageSize
	return s.damage(err)
}

// elements calls f with the elements of a leaf page of values.
func (g *page) elements(f func(e *element) error) error {
	var e element // one for all: f makes it escape
	for i := range g.count {
		if e = g.element(i); !e.ok || e.flags != 0 {
			return badPage(g.id, "page %d, element %d is no key with a value inside of the page", g.id, i)
		}
		if err := f(&e); err != nil {
			return err
		}
	}
	return nil
}

// snapshotScan is one walk over the entries of a snapshot.
type snapshotScan struct {
	*snapshotFile
	from, to []byte // bounds of the keys; to is not included, nil is no bound
	damaged  func(*format.CorruptError) error
	visit    func(e *format.Entry) error

	before  []byte // the key before
	current format.Entry
}

// scan calls visit with the entries from the key from up to, not including, to, in
// order. damaged decides whether the walk goes on behind what cannot be read.
func (s *snapshotFile) scan(from, to []byte, damaged func(*format.CorruptError) error, visit func(e *format.Entry) error) error {
	w, err := s.begin()
	if err != nil {
		return err
	}
	c := snapshotScan{snapshotFile: s, from: from, to: to, damaged: damaged, visit: visit}
	return s.damage(w.visitBucket(s.kv, &pageVisitor{
		from: from, to: to,
		leaf:    func(g *page) error { return g.elements(func(el *element) error { return c.take(g, el) }) },
		damaged: func(bad *pageError) error { return c.bad(bad) },
	}))
}

// bad tells of damage.
func (c *snapshotScan) bad(err error) error {
	var damage *format.CorruptError
	if errors.As(c.damage(err), &damage) {
		return c.damaged(damage)
	}
	return err
}

// take passes on the entry that an element of a page is.
func (c *snapshotScan) take(g *page, el *element) (err error) {
	if c.from != nil && bytes.Compare(el.key, c.from) < 0 || c.to != nil && bytes.Compare(el.key, c.to) >= 0 {
		return nil
	}
	if c.current, err = decodeElement(el); err != nil {
		if errors.Is(err, format.ErrNewerFormat) {
			return fmt.Errorf("%s: key %.100q: %w", c.path, el.key, err)
		}
		return c.bad(badPage(g.id, "key %.100q: %v", el.key, err))
	}
	if c.before != nil && bytes.Compare(c.before, el.key) >= 0 {
		return c.bad(badPage(g.id, "key %.100q follows %.100q: the pages are out of order", el.key, c.before))
	}
	c.before = append(c.before[:0], el.key...)
	return c.visit(&c.current)
}

// damage turns the report of a bad page into a *CorruptError; other errors, which
// come from reading or from who is told of the entries, stay as they are.
func (s *snapshotFile) damage(err error) error {
	var bad *pageError
	var done *format.CorruptError
	switch {
	case err == nil, errors.As(err, &done):
		return err
	case errors.As(err, &bad):
		c := &format.CorruptError{Path: s.path, Offset: -1, Reason: err.Error()}
		if bad.page > 1 && bad.page < math.MaxInt64/maxPageSize {
			c.Offset = int64(bad.page) * s.pageSize
		}
		return c
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &format.CorruptError{Path: s.path, Offset: -1, Reason: err.Error()}
	}
	return err
}
