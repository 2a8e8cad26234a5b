package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"os"

	"go.etcd.io/bbolt"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
	"owlcache/engine/internal/pages"
	"owlcache/wal"
)

// compactFill is how full the pages of a rewritten snapshot are. What is left lets a
// key grow without moving its neighbours to another page.
const compactFill = 0.95

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
	c := &compaction{ctx: ctx, dir: dir, progress: progress, report: CompactReport{Dir: dir.Path()}}
	before, err := c.verify()
	if err != nil {
		return nil, err
	}
	c.report.SnapshotBefore, c.report.LogBefore = before.Snapshot.FileBytes, before.Log.FileBytes
	if err := c.fold(before); err != nil {
		return nil, format.AsCorrupt(err)
	}
	if err := c.rewrite(); err != nil {
		return nil, err
	}
	after, err := c.look()
	if err != nil {
		return nil, err
	}
	r := &c.report
	r.SnapshotAfter, r.LogAfter, r.Entries, r.LSN = after.Snapshot.FileBytes, after.Log.FileBytes, after.Snapshot.Keys, after.Snapshot.LSN
	return r, nil
}

// compaction is one run of Compact.
type compaction struct {
	ctx      context.Context
	dir      *datadir.Dir
	progress func(Progress)
	report   CompactReport
}

// verify reads all entries.
func (c *compaction) verify() (info ViewInfo, err error) {
	v, err := OpenView(c.ctx, c.dir.Path(), ViewOptions{Progress: func(p Progress) {
		p.Phase = "verify"
		c.progress(p)
	}})
	if err != nil {
		return info, err
	}
	err = v.Entries(c.ctx, nil, func(*format.Entry) error { return nil })
	return v.Info(), errors.Join(err, v.Close())
}

// look returns what is there now.
func (c *compaction) look() (ViewInfo, error) {
	v, err := OpenView(c.ctx, c.dir.Path(), ViewOptions{})
	if err != nil {
		return ViewInfo{}, err
	}
	return v.Info(), v.Close()
}

// fold makes a checkpoint.
func (c *compaction) fold(before ViewInfo) (err error) {
	o := wal.Options{Dir: c.dir.File(datadir.LogDir)}
	log, rec, err := wal.Open(o, before.Snapshot.LSN, func(_ uint64, payload []byte) error {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		return format.EachRecord(payload, func(*format.Record) error { return nil })
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	c.report.Records, c.report.TornBytes = rec.Records, rec.TornBytes
	cp := &checkpointer{
		log: log, logDir: o.Dir, path: c.dir.File(datadir.SnapshotFile), node: c.dir.NodeID(),
		logger:       slog.New(slog.DiscardHandler),
		compactAbove: math.MaxInt64, // that is done here
		budget:       func() int64 { return foldBudget }, txEntries: maxTxEntries,
		state: CheckpointStats{LSN: before.Snapshot.LSN, Time: before.Snapshot.Saved, FileBytes: before.Snapshot.FileBytes},
	}
	return readElsewhere(cp.path, cp.fold(c.ctx))
}

// readElsewhere says what to do about a snapshot that another command reads.
func readElsewhere(path string, err error) error {
	if errors.Is(err, errSnapshotRead) {
		return fmt.Errorf("%s: %w: try again when the other command has ended", path, err)
	}
	return err
}

// rewrite puts a copy of the snapshot in its place, if that is smaller.
func (c *compaction) rewrite() error {
	path := c.dir.File(datadir.SnapshotFile)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil // nothing has ever been written
	}
	tmp := path + datadir.TmpSuffix
	done, err := c.replace(path, tmp)
	if !done {
		if rerr := os.Remove(tmp); rerr != nil && !errors.Is(rerr, fs.ErrNotExist) {
			err = errors.Join(err, rerr)
		}
	}
	return readElsewhere(path, err)
}

// replace copies the snapshot and keeps it locked until the copy is in its place.
func (c *compaction) replace(path, tmp string) (done bool, err error) {
	src, err := openSnapshot(path, true)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	if err := c.copyTo(tmp, src, path); err != nil {
		return false, err
	}
	if err := cutSnapshot(tmp); err != nil {
		return false, err
	}
	before, err1 := os.Stat(path)
	after, err2 := os.Stat(tmp)
	if err := errors.Join(err1, err2); err != nil || after.Size() >= before.Size() {
		return false, err
	}
	return true, replaceFile(tmp, path)
}

// copyTo writes all entries, in order, into a new file.
func (c *compaction) copyTo(tmp string, src *bbolt.DB, path string) (err error) {
	dst, err := openSnapshot(tmp, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dst.Close()) }()
	return viewSnapshot(src, path, func(tx *bbolt.Tx) error {
		kv, meta, m, err := buckets(tx)
		if err != nil {
			return format.SnapshotDamage(path, "", err)
		}
		cursor := kv.Cursor()
		copied := int64(0)
		for k, v := cursor.First(); k != nil; {
			err := updateSnapshot(dst, tmp, func(to *bbolt.Tx) (err error) {
				k, v, err = c.copySome(to, cursor, k, v, &copied, m.Keys)
				return err
			})
			if err != nil {
				return err
			}
		}
		if copied != m.Keys {
			return &format.CorruptError{Path: path, Offset: -1, Reason: fmt.Sprintf("%d keys were found, %d were written", copied, m.Keys)}
		}
		return copyMeta(dst, tmp, meta)
	})
}

// copySome copies what one transaction takes, from the key k on, and returns where the
// next one goes on.
func (c *compaction) copySome(to *bbolt.Tx, cursor *bbolt.Cursor, k, v []byte, copied *int64, total int64) (_, _ []byte, err error) {
	b, err := to.CreateBucketIfNotExists([]byte(format.BucketKV))
	if err != nil {
		return nil, nil, err
	}
	b.FillPercent = compactFill
	for size := 0; k != nil && size < txBytes; k, v = cursor.Next() {
		if _, err := format.DecodeValue(k, v); err != nil {
			return nil, nil, format.SnapshotDamage(c.dir.File(datadir.SnapshotFile), fmt.Sprintf("key %.100q: ", k), err)
		}
		if err := b.Put(k, v); err != nil {
			return nil, nil, err
		}
		size += len(k) + len(v)
		*copied++
	}
	c.progress(Progress{Phase: "rewrite", Done: *copied, Total: total, Unit: "keys"})
	return k, v, c.ctx.Err()
}

// copyMeta copies what the snapshot says of itself.
func copyMeta(dst *bbolt.DB, tmp string, meta *bbolt.Bucket) error {
	return updateSnapshot(dst, tmp, func(to *bbolt.Tx) error {
		if _, err := to.CreateBucketIfNotExists([]byte(format.BucketKV)); err != nil {
			return err
		}
		b, err := to.CreateBucketIfNotExists([]byte(format.BucketMeta))
		if err != nil {
			return err
		}
		return meta.ForEach(b.Put)
	})
}

// cutSnapshot takes off the end of a finished file what bbolt has made it longer by, for
// pages to come.
func cutSnapshot(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	fi, err := f.Stat()
	if err == nil {
		err = cutPages(f, fi.Size())
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// cutPages cuts a file of a size behind its last page.
func cutPages(f *os.File, size int64) error {
	file := pages.Open(f, size)
	meta, err := file.Newest()
	if err != nil {
		return err
	}
	return f.Truncate(int64(meta.Pages) * file.PageSize())
}
