package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync/atomic"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/fold"
	"owlcache/engine/internal/format"
	"owlcache/engine/internal/legacy"
	"owlcache/engine/internal/snapshot"
	"owlcache/wal"
)

// foldBudget is how much of the log one pass of a fold holds in memory, in bytes, plus a
// part of what the store itself takes: a larger pass writes fewer pages twice.
const (
	foldBudget = 64 << 20
	foldPart   = 8
)

// folder folds a log into a snapshot. Of the locks that a write waits for it takes only that
// of the log, while a segment is sealed or its file removed.
type folder struct {
	log    *wal.Log
	logFS  wal.FS
	logDir string
	path   string // of the snapshot
	node   uint64
	budget func() int64 // bytes of log that one pass holds

	batchKeys int    // keys in one transaction; 0 is the default
	afterOpen func() // called with the file open, if set, by tests that damage it

	lsn    atomic.Uint64 // the snapshot covers the log up to here
	keys   int64         // in it
	size   atomic.Int64  // of the file; 0 if there is none
	broken error         // what has made the snapshot unusable until a restart
}

// newFolder returns a folder for the snapshot in dir, which covers the log up to lsn.
func newFolder(log *wal.Log, logFS wal.FS, dir *datadir.Dir, lsn uint64, budget func() int64) (*folder, error) {
	f := &folder{log: log, logFS: logFS, logDir: dir.File(datadir.LogDir), path: dir.File(datadir.SnapshotFile),
		node: dir.NodeID(), budget: budget}
	f.lsn.Store(lsn)
	return f, f.look()
}

func (f *folder) look() error {
	fi, err := os.Stat(f.path)
	switch {
	case err == nil:
		f.size.Store(fi.Size())
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return nil
}

// sealedBytes returns how much log could be folded without sealing a segment.
func (f *folder) sealedBytes() (sum int64) {
	for _, s := range f.log.Segments() {
		if s.Sealed {
			sum += s.Bytes
		}
	}
	return sum
}

// fold brings the snapshot up to the end of the log and deletes what it then covers. A
// crash at any point costs nothing: the log is replayed from the LSN in the snapshot. One
// goroutine at a time may fold.
func (f *folder) fold(ctx context.Context) error {
	if f.broken != nil {
		return f.broken
	}
	if err := snapshot.Busy(f.path); err != nil {
		return err
	}
	target := f.log.LastLSN()
	if err := f.log.Seal(); err != nil {
		return err
	}
	for from := f.lsn.Load(); from < target; from = f.lsn.Load() {
		part, err := fold.Read(f.logFS, f.logDir, from, target, f.sealedBytes(), f.budget())
		if err != nil {
			return format.AsCorrupt(err)
		}
		if part.LastLSN == from {
			return fmt.Errorf("log ends before record %d", target)
		}
		if err := f.write(ctx, part); err != nil {
			return err
		}
		f.lsn.Store(part.LastLSN)
		if err := f.log.DeleteThrough(part.LastLSN); err != nil {
			return fmt.Errorf("delete folded log: %w", err)
		}
	}
	return f.look()
}

func (f *folder) write(ctx context.Context, part *fold.Part) error {
	w, err := f.open()
	if err != nil {
		return err
	}
	if f.afterOpen != nil {
		f.afterOpen()
	}
	err = w.Write(ctx, part)
	var damage *CorruptError
	if errors.As(err, &damage) {
		f.broken = err // the log has everything
	}
	if err == nil {
		err = w.Commit()
	}
	f.keys = w.Meta().Keys
	return errors.Join(err, w.Close())
}

func (f *folder) open() (*snapshot.Writer, error) {
	o := snapshot.Options{Node: f.node, BatchKeys: f.batchKeys}
	lsn := f.lsn.Load()
	w, err := snapshot.Open(f.path, o)
	switch {
	case errors.Is(err, fs.ErrNotExist) && lsn == 0 && f.size.Load() == 0:
		return snapshot.Create(f.path, o)
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s has been removed: put it back", f.path)
	case err != nil:
		if old, _ := legacy.Starts(f.path); old {
			return nil, legacy.Again(f.path)
		}
		return nil, err
	}
	if covered := w.Meta().LSN; covered != lsn {
		err := fmt.Errorf("%s is another file than before: it covers the log up to record %d, not %d; put it back", f.path, covered, lsn)
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}
