package snapshot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"sync"
	"sync/atomic"

	"go.etcd.io/bbolt"
	"golang.org/x/sync/errgroup"

	"owlcache/engine/internal/format"
	"owlcache/engine/internal/pages"
)

const progressEvery = 8192

// Load calls visit with all entries of the file at path, from several goroutines at a
// time, each of which reads some ranges of keys, and returns what the file says of itself.
// No file is no entries. An entry is valid during the call. progress is called now and
// then, one call at a time.
func Load(ctx context.Context, path string, visit func(e *format.Entry), progress func(done, total int64)) (m format.SnapshotMeta, err error) {
	bounds, err := pages.Verify(path)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return m, err
	}
	db, err := openFile(path, false, 0)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	l := loader{db: db, path: path, visit: visit, progress: progress}
	err = l.view(func(tx *bbolt.Tx) (err error) {
		_, _, l.meta, err = buckets(tx, path)
		return err
	})
	if err != nil {
		return m, err
	}
	// The first part also holds what lies before the first bound.
	if err := l.run(ctx, append([][]byte{nil}, bounds[min(1, len(bounds)):]...)); err != nil {
		return m, err
	}
	if n := l.done.Load(); n != l.meta.Keys {
		return m, wrongCount(path, n, l.meta.Keys)
	}
	return l.meta, nil
}

func wrongCount(path string, found, written int64) error {
	return &format.CorruptError{Path: path, Offset: -1, Reason: fmt.Sprintf("%d keys were found, %d were written", found, written)}
}

type loader struct {
	db       *bbolt.DB
	path     string
	meta     format.SnapshotMeta
	visit    func(e *format.Entry)
	progress func(done, total int64)

	done atomic.Int64 // entries
	mu   sync.Mutex   // held while progress is called
}

func (l *loader) view(f func(*bbolt.Tx) error) error {
	return guard(l.path, func() error { return l.db.View(f) })
}

func (l *loader) run(ctx context.Context, bounds [][]byte) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, start := range bounds {
		var end []byte
		if i+1 < len(bounds) {
			end = bounds[i+1]
		}
		group.Go(func() error {
			return l.view(func(tx *bbolt.Tx) error { return l.loadRange(ctx, tx, start, end) })
		})
	}
	return group.Wait()
}

func (l *loader) loadRange(ctx context.Context, tx *bbolt.Tx, start, end []byte) error {
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
			return format.SnapshotDamage(l.path, fmt.Sprintf("key %.100q: ", k), err)
		}
		before = k
		l.visit(&e)
		if n++; n == 1024 {
			l.count(n)
			if n = 0; ctx.Err() != nil {
				return ctx.Err()
			}
		}
	}
	l.count(n)
	return nil
}

func (l *loader) count(n int64) {
	if d := l.done.Add(n); d/progressEvery != (d-n)/progressEvery {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.progress(d, l.meta.Keys)
	}
}
