package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"go.etcd.io/bbolt"

	"owlcache/engine/internal/format"
	"owlcache/engine/internal/pages"
)

// progressEvery is after how many entries or records progress is told.
const progressEvery = 8192

// loadSnapshot puts all entries of the file at path into the map, several ranges
// of keys at a time, and returns the file's meta data. No file is no entries.
//
// Expired entries are loaded too: the log may hold a later expiry for them.
func (s *Store) loadSnapshot(ctx context.Context, path string) (m format.SnapshotMeta, err error) {
	bounds, err := pages.Verify(path)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return m, err
	}
	db, err := openSnapshot(path, false)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()

	err = viewSnapshot(db, path, func(tx *bbolt.Tx) error {
		_, _, meta, err := buckets(tx)
		if err != nil {
			return format.SnapshotDamage(path, "", err)
		}
		m = meta
		return nil
	})
	if err != nil {
		return m, err
	}
	// The first part also holds what lies before the first bound.
	bounds = append([][]byte{nil}, bounds[min(1, len(bounds)):]...)
	if err := s.loadRanges(ctx, db, path, m.Keys, bounds); err != nil {
		return m, err
	}
	if n := s.recovery.SnapshotKeys; n != m.Keys {
		return m, &format.CorruptError{Path: path, Offset: -1, Reason: fmt.Sprintf("%d keys were found, %d were written", n, m.Keys)}
	}
	return m, nil
}

// viewSnapshot is db.View with panics of bbolt, and faults in its mapped memory, as
// errors.
func viewSnapshot(db *bbolt.DB, path string, f func(*bbolt.Tx) error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer recoverDamage(path, &err)
	return db.View(f)
}

// loadRanges loads the ranges that begin at bounds, a few at a time.
func (s *Store) loadRanges(ctx context.Context, db *bbolt.DB, path string, total int64, bounds [][]byte) error {
	var (
		wg       sync.WaitGroup
		next     atomic.Int64
		done     atomic.Int64
		mu       sync.Mutex // protects errs, and calls of Progress
		errs     []error
		failed   atomic.Bool
		progress = func(n int64) {
			mu.Lock()
			defer mu.Unlock()
			s.opts.Progress(Progress{Phase: "snapshot", Done: n, Total: total, Unit: "keys"})
		}
	)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(bounds)) && !failed.Load(); i = next.Add(1) - 1 {
				var end []byte
				if i+1 < int64(len(bounds)) {
					end = bounds[i+1]
				}
				err := viewSnapshot(db, path, func(tx *bbolt.Tx) error {
					return s.loadRange(ctx, tx, path, bounds[i], end, func(n int64) {
						if d := done.Add(n); d/progressEvery != (d-n)/progressEvery {
							progress(d)
						}
					})
				})
				if err != nil {
					failed.Store(true)
					mu.Lock()
					errs = append(errs, err)
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	s.recovery.SnapshotKeys = done.Load()
	return errors.Join(errs...)
}

// loadRange loads the keys from start up to, not including, end.
func (s *Store) loadRange(ctx context.Context, tx *bbolt.Tx, path string, start, end []byte, count func(int64)) error {
	c := tx.Bucket([]byte(format.BucketKV)).Cursor()
	n := int64(0)
	var before []byte
	for k, v := c.Seek(start); k != nil && (end == nil || bytes.Compare(k, end) < 0); k, v = c.Next() {
		e, err := format.DecodeValue(k, v)
		if err == nil && (len(k) > format.MaxKeySize || len(e.Value) > format.MaxValueSize) {
			err = errors.New("key or value is too long")
		}
		if err == nil && before != nil && bytes.Compare(before, k) >= 0 {
			err = fmt.Errorf("it follows %.100q: the pages are out of order", before)
		}
		if err != nil {
			return format.SnapshotDamage(path, fmt.Sprintf("key %.100q: ", k), err)
		}
		before = k
		r := format.Record{Kind: format.RecordSet, Entry: e}
		s.shards.apply(&r)
		s.clock.observe(e.Version)
		if n++; n == 1024 {
			count(n)
			if n = 0; ctx.Err() != nil {
				return ctx.Err()
			}
		}
	}
	count(n)
	return nil
}
