package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
	"owlcache/engine/internal/legacy"
	"owlcache/engine/internal/snapshot"
	"owlcache/wal"
)

// CompactReport is the result of Compact. Sizes are in bytes, of files.
type CompactReport struct {
	Dir            string `json:"dir"`
	SnapshotBefore int64  `json:"snapshot_bytes_before"`
	SnapshotAfter  int64  `json:"snapshot_bytes_after"`
	LogBefore      int64  `json:"log_bytes_before"`
	LogAfter       int64  `json:"log_bytes_after"`
	Records        int64  `json:"records"` // of the log that were folded
	Entries        int64  `json:"entries"` // in the snapshot, tombstones and expired entries included
	LSN            uint64 `json:"lsn"`     // the snapshot covers the log up to here
	TornBytes      int64  `json:"torn_bytes"`
}

// Compact folds the log of a directory that no store has open into its snapshot, and
// writes that anew without free room in it. What it needs of memory does not depend on
// the number of keys; of disk, it needs the size of the snapshot once more. All is read
// and verified first: damage is a *CorruptError, and nothing is changed. A crash, an
// error or the end of ctx costs nothing at any point, as with a checkpoint. progress may
// be nil.
func Compact(ctx context.Context, dir *datadir.Dir, progress func(Progress)) (*CompactReport, error) {
	if progress == nil {
		progress = func(Progress) {}
	}
	path, logDir := dir.File(datadir.SnapshotFile), dir.File(datadir.LogDir)
	r := &CompactReport{Dir: dir.Path()}
	meta, err := verifySnapshot(ctx, path, logDir, progress)
	if err != nil {
		return nil, err
	}
	if err := r.measure(path, logDir, &r.SnapshotBefore, &r.LogBefore); err != nil {
		return nil, err
	}
	if err := r.fold(ctx, dir, meta.LSN); err != nil {
		return nil, readElsewhere(path, format.AsCorrupt(err))
	}
	_, meta, err = snapshot.Compact(ctx, path, snapshot.CompactOptions{Progress: func(done, total int64) {
		progress(Progress{Phase: "rewrite", Done: done, Total: total, Unit: "keys"})
	}})
	if err != nil {
		return nil, readElsewhere(path, err)
	}
	r.Entries, r.LSN = meta.Keys, meta.LSN
	return r, r.measure(path, logDir, &r.SnapshotAfter, &r.LogAfter)
}

func verifySnapshot(ctx context.Context, path, logDir string, progress func(Progress)) (meta format.SnapshotMeta, err error) {
	old, err := legacy.NoSnapshot(path)
	if err == nil && old {
		err = errors.Join(legacy.CheckTakeOver(path, nil, logDir), ErrLegacy)
	}
	if err != nil {
		return meta, err
	}
	return snapshot.Load(ctx, path, func(*format.Entry) {}, func(done, total int64) {
		progress(Progress{Phase: "verify", Done: done, Total: total, Unit: "keys"})
	})
}

func (r *CompactReport) measure(path, logDir string, snapshot, log *int64) (err error) {
	fi, err := os.Stat(path)
	if err == nil {
		*snapshot = fi.Size()
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	entries, err := os.ReadDir(logDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if _, ok := wal.ParseSegmentName(e.Name()); ok && err == nil {
			if fi, err = e.Info(); err == nil {
				*log += fi.Size()
			}
		}
	}
	return err
}

func (r *CompactReport) fold(ctx context.Context, dir *datadir.Dir, lsn uint64) (err error) {
	logDir := dir.File(datadir.LogDir)
	log, rec, err := wal.Open(wal.Options{Dir: logDir}, lsn, func(_ uint64, payload []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := format.EachRecord(payload, func(*format.Record) error { return nil }); err != nil {
			return &CorruptError{Path: logDir, Offset: -1, Reason: err.Error()}
		}
		return nil
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	r.Records, r.TornBytes = rec.Records, rec.TornBytes
	f, err := newFolder(log, nil, dir, lsn, func() int64 { return foldBudget })
	if err != nil {
		return err
	}
	return f.fold(ctx)
}

func readElsewhere(path string, err error) error {
	if errors.Is(err, snapshot.ErrBusy) {
		return fmt.Errorf("%s: %w: try again when the other command has ended", path, err)
	}
	return err
}
