package snapshot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/fold"
	"owlcache/engine/internal/format"
	"owlcache/engine/internal/pages"
)

// Bounds of one transaction.
const (
	batchKeys  = 16 << 10
	batchBytes = 8 << 20
)

// Options of a Writer. The zero value of each field is its default.
type Options struct {
	Node      uint64 // that writes the file
	BatchKeys int    // in one transaction; default 16,384
	PageSize  int    // of a new file; default that of the system
}

// Writer writes parts of the log into a snapshot, which it keeps locked. One goroutine at
// a time may use it. After an error of Write it can only be closed.
type Writer struct {
	path    string
	file    string // what is open: path, or a temporary name until Commit
	opts    Options
	db      *bbolt.DB // nil once it is closed
	meta    format.SnapshotMeta
	damaged bool // bbolt has panicked, perhaps with its locks held
}

// Create begins a new file in the place of path.
func Create(path string, o Options) (*Writer, error) {
	w := &Writer{path: path, file: path + datadir.TmpSuffix, opts: o}
	err := remove(w.file)
	if err == nil {
		w.db, err = openFile(w.file, true, o.PageSize)
	}
	if err != nil {
		return nil, err
	}
	return w, nil
}

// Open verifies the pages of the file at path and opens it.
func Open(path string, o Options) (*Writer, error) {
	if _, err := pages.Verify(path); err != nil {
		return nil, err
	}
	w := &Writer{path: path, file: path, opts: o}
	var err error
	if w.db, err = openFile(path, true, 0); err != nil {
		return nil, err
	}
	var bad error // what the file says, and no panic of bbolt
	err = w.guard(func() error {
		return w.db.View(func(tx *bbolt.Tx) error {
			_, _, w.meta, bad = buckets(tx, path)
			return nil
		})
	})
	if err = errors.Join(err, bad); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// Meta returns what the file says of itself.
func (w *Writer) Meta() format.SnapshotMeta { return w.meta }

// Write applies a part of the log, in transactions of bounded size, the last of which
// says that it is covered.
func (w *Writer) Write(ctx context.Context, part *fold.Part) error {
	for next, first := 0, true; first || next < part.Len(); first = false {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := w.guard(func() error {
			return w.db.Update(func(tx *bbolt.Tx) (err error) {
				next, err = w.writeSome(tx, part, next)
				return err
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// writeSome writes the operations from number i on that one transaction takes, and
// returns where the next one goes on.
func (w *Writer) writeSome(tx *bbolt.Tx, part *fold.Part, i int) (int, error) {
	kv, err1 := tx.CreateBucketIfNotExists([]byte(format.BucketKV))
	meta, err2 := tx.CreateBucketIfNotExists([]byte(format.BucketMeta))
	if err := errors.Join(err1, err2); err != nil {
		return i, err
	}
	for n, size := 0, 0; i < part.Len() && n < cmp.Or(w.opts.BatchKeys, batchKeys) && size < batchBytes; n++ {
		var o fold.Outcome
		o, i = part.Next(i)
		if err := w.writeKey(kv, &o); err != nil {
			return i, err
		}
		size += len(o.Key) + len(o.Record.Value)
	}
	if i == part.Len() {
		m := &w.meta
		m.LSN, m.Clock, m.Node, m.Saved = part.LastLSN, max(m.Clock, part.Clock), w.opts.Node, time.Now()
	}
	return i, w.meta.EachField(meta.Put) // the counts must be true in each transaction
}

func (w *Writer) writeKey(kv *bbolt.Bucket, o *fold.Outcome) error {
	var old *format.Entry
	v := kv.Get(o.Key)
	if v != nil {
		e, err := format.DecodeValue(o.Key, v)
		if err != nil {
			return fmt.Errorf("snapshot, key %.100q: %w", o.Key, err)
		}
		old = &e
		w.meta.Count(old, -1)
	}
	next := o.Apply(old)
	switch {
	case next == nil && v != nil:
		return kv.Delete(o.Key)
	case next == nil:
		return nil
	}
	w.meta.Count(next, +1)
	if next == old {
		return nil
	}
	return kv.Put(o.Key, format.EncodeValue(next))
}

func (w *Writer) guard(f func() error) error {
	err := guard(w.file, f)
	var damage *format.CorruptError
	w.damaged = errors.As(err, &damage)
	return err
}

// Commit closes the file, and puts a new one at its path, durably.
func (w *Writer) Commit() error {
	if err := w.close(); err != nil || w.file == w.path {
		return err
	}
	if err := replace(w.file, w.path); err != nil {
		return err
	}
	w.file = w.path
	return nil
}

// Close closes the file. A new one that was not committed is removed: it may be what fills
// the disk.
func (w *Writer) Close() error {
	err := w.close()
	if w.file != w.path {
		err = errors.Join(err, remove(w.file))
	}
	return err
}

func (w *Writer) close() error {
	if w.db == nil || w.damaged { // bbolt could wait for ever
		return nil
	}
	db := w.db
	w.db = nil
	return db.Close()
}
