package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"go.etcd.io/bbolt"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/fold"
	"owlcache/engine/internal/format"
	"owlcache/engine/internal/pages"
	"owlcache/wal"
)

// foldBudget is how much of the log one pass of a checkpoint holds in memory, in
// bytes, plus a part of what the store itself takes: a larger pass writes fewer
// pages of the snapshot twice. A longer log is folded in several passes.
const (
	foldBudget = 64 << 20
	foldPart   = 8
)

// Bounds of one bbolt transaction.
const (
	maxTxEntries = 16 << 10
	txBytes      = 8 << 20
)

// checkpointer folds the log into the snapshot. It does not touch the map, and of
// the locks that a write waits for only that of the log, for the moment in which a
// segment is sealed or its file removed.
type checkpointer struct {
	log    *wal.Log
	logFS  wal.FS
	logDir string
	path   string // of the snapshot
	node   uint64
	logger *slog.Logger

	logBytes     int64
	interval     time.Duration
	compactAbove int64
	budget       func() int64 // bytes of log that one pass holds
	txEntries    int          // keys in one transaction

	afterOpen func() // called with the file open, if set, by tests that damage it

	folding sync.Mutex // held while folding
	broken  error      // what has made the snapshot unusable until a restart; protected by folding
	keys    int64      // in the snapshot that was written last; protected by folding

	mu    sync.Mutex // protects state
	state CheckpointStats
}

// checkEvery is how often the size of the log is looked at. After a failure it is
// left alone for a time that doubles with each one.
const (
	checkEvery = 100 * time.Millisecond
	retryMin   = time.Second
	retryMax   = time.Minute
)

// run folds when it is due, until ctx ends.
func (c *checkpointer) run(ctx context.Context) {
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	last, notBefore, pause := time.Now(), time.Time{}, retryMin
	var warned time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if time.Now().Before(notBefore) || !c.due(time.Since(last)) {
			continue
		}
		err := c.fold(ctx)
		if errors.Is(err, errSnapshotRead) {
			// The log grows until that ends.
			if now := time.Now(); now.Sub(warned) >= retryMax {
				c.logger.Warn("checkpoint put off: the snapshot is being read, by a backup perhaps", "snapshot", c.path)
				warned = now
			}
			notBefore = time.Now().Add(retryMin)
			continue
		}
		last = time.Now()
		if err == nil {
			pause = retryMin
			continue
		}
		if ctx.Err() == nil {
			c.logger.Error("checkpoint failed: the log is kept, and it is tried again", "error", err, "pause", pause)
		}
		notBefore, pause = last.Add(pause), min(2*pause, retryMax)
	}
}

// errSnapshotRead is returned while somebody reads the snapshot, and so has it locked.
var errSnapshotRead = errors.New("the snapshot is being read")

// due tells whether the log has grown enough, or long enough.
func (c *checkpointer) due(since time.Duration) bool {
	st := c.stats()
	if c.log.Err() != nil || c.log.LastLSN() <= st.LSN {
		return false
	}
	if c.interval > 0 && since >= c.interval {
		return true
	}
	return c.sealedBytes() > max(c.logBytes, st.FileBytes/2)
}

// sealedBytes returns how much log could be folded without sealing a segment.
func (c *checkpointer) sealedBytes() (sum int64) {
	for _, s := range c.log.Segments() {
		if s.Sealed {
			sum += s.Bytes
		}
	}
	return sum
}

func (c *checkpointer) stats() CheckpointStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

func (c *checkpointer) update(f func(*CheckpointStats)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(&c.state)
}

// fold brings the snapshot up to the end of the log and deletes what it then
// covers. A crash at any point costs nothing: the log is replayed from the LSN in
// the snapshot.
func (c *checkpointer) fold(ctx context.Context) error {
	c.folding.Lock()
	defer c.folding.Unlock()
	start := time.Now()
	err := c.broken
	if err == nil {
		err = c.foldAll(ctx)
	}
	if errors.Is(err, errSnapshotRead) {
		return err
	}
	if err != nil {
		c.update(func(s *CheckpointStats) { s.Failed++ })
		return err
	}
	if err := c.compact(); err != nil {
		c.logger.Error("snapshot was not compacted", "error", err)
	}
	fi, err := os.Stat(c.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // nothing has ever been written
	}
	if err != nil {
		return err
	}
	c.update(func(s *CheckpointStats) {
		s.Done++
		s.Time, s.Duration, s.FileBytes = time.Now(), time.Since(start), fi.Size()
	})
	logDone(c.logger, "checkpoint", start, "keys", c.keys, "lsn", c.stats().LSN, "bytes", fi.Size())
	return nil
}

func (c *checkpointer) foldAll(ctx context.Context) error {
	if err := c.unread(); err != nil {
		return err
	}
	target := c.log.LastLSN()
	if err := c.log.Seal(); err != nil {
		return err
	}
	for from := c.stats().LSN; from < target; {
		part, err := fold.Read(c.logFS, c.logDir, from, target, c.sealedBytes(), c.budget())
		if err != nil {
			return format.AsCorrupt(err)
		}
		if part.LastLSN == from {
			return fmt.Errorf("log ends before record %d", target)
		}
		if err := c.write(ctx, part); err != nil {
			return err
		}
		from = part.LastLSN
		c.update(func(s *CheckpointStats) { s.LSN = from })
		if err := c.log.DeleteThrough(from); err != nil {
			return fmt.Errorf("delete folded log: %w", err)
		}
	}
	return nil
}

// unread returns errSnapshotRead if somebody reads the snapshot. It is asked before
// anything is done, since waiting may take long.
func (c *checkpointer) unread() error {
	lock := flock.New(c.path, flock.SetFlag(os.O_RDWR))
	free, err := lock.TryLock()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("lock %s: %w", c.path, err)
	case !free:
		err = errSnapshotRead
	}
	return errors.Join(err, lock.Close())
}

// write puts one part into the snapshot. The first one makes it, aside.
func (c *checkpointer) write(ctx context.Context, part *fold.Part) error {
	st := c.stats()
	_, err := pages.Verify(c.path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && st.LSN == 0 && st.FileBytes == 0:
		return c.writeFresh(ctx, part)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s has been removed: put it back", c.path)
	case err != nil:
		if legacy, _ := startsLegacy(c.path); legacy {
			return legacyAgain(c.path)
		}
		return err
	}
	return c.writeFile(ctx, c.path, part)
}

func (c *checkpointer) writeFresh(ctx context.Context, part *fold.Part) error {
	tmp := c.path + datadir.TmpSuffix
	if err := os.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := c.writeFile(ctx, tmp, part); err != nil {
		return errors.Join(err, os.Remove(tmp)) // it may be what fills the disk
	}
	return replaceFile(tmp, c.path)
}

func (c *checkpointer) writeFile(ctx context.Context, path string, part *fold.Part) error {
	db, err := openSnapshot(path, true)
	if err != nil {
		return err
	}
	if c.afterOpen != nil {
		c.afterOpen()
	}
	err = c.writeAll(ctx, db, path, part)
	var damage *format.CorruptError
	if errors.As(err, &damage) {
		// bbolt has panicked, perhaps with its locks held: closing it could wait for
		// ever. No checkpoint is made any more; the log has everything.
		c.broken = err
		return err
	}
	// After a failed commit the handle is dead; closing it is all that is done with it.
	return errors.Join(err, db.Close())
}

// writeAll writes in transactions of bounded size, the last of which says what
// part of the log is covered.
func (c *checkpointer) writeAll(ctx context.Context, db *bbolt.DB, path string, part *fold.Part) error {
	var m format.SnapshotMeta
	for next, first := 0, true; first || next < part.Len(); first = false {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := updateSnapshot(db, path, func(tx *bbolt.Tx) error {
			kv, meta, err := c.prepare(tx, &m, first)
			if err != nil {
				return err
			}
			if next, err = c.writeSome(kv, &m, part, next); err != nil {
				return err
			}
			if next == part.Len() {
				m.LSN, m.Clock, m.Node, m.Saved = part.LastLSN, max(m.Clock, part.Clock), c.node, time.Now()
			}
			return m.EachField(meta.Put) // the counts must be true in each transaction
		})
		if err != nil {
			return err
		}
		c.keys = m.Keys
	}
	return nil
}

// writeSome writes the keys from refs[i] on that one transaction takes, and returns
// where the next one goes on.
func (c *checkpointer) writeSome(kv *bbolt.Bucket, m *format.SnapshotMeta, part *fold.Part, i int) (int, error) {
	for n, size := 0, 0; i < part.Len() && n < c.txEntries && size < txBytes; n++ {
		var o fold.Outcome
		o, i = part.Next(i)
		if err := writeOutcome(kv, m, &o); err != nil {
			return i, err
		}
		size += len(o.Key) + len(o.Record.Value)
	}
	return i, nil
}

// prepare returns the buckets, made if need be, and reads m in the first transaction.
func (c *checkpointer) prepare(tx *bbolt.Tx, m *format.SnapshotMeta, first bool) (kv, meta *bbolt.Bucket, err error) {
	if first && tx.Bucket([]byte(format.BucketMeta)) != nil {
		if kv, meta, *m, err = buckets(tx); err == nil && m.LSN != c.stats().LSN {
			err = fmt.Errorf("%s is another file than before: it covers the log up to record %d, not %d; put it back", c.path, m.LSN, c.stats().LSN)
		}
		return kv, meta, err
	}
	if kv, err = tx.CreateBucketIfNotExists([]byte(format.BucketKV)); err != nil {
		return nil, nil, err
	}
	meta, err = tx.CreateBucketIfNotExists([]byte(format.BucketMeta))
	return kv, meta, err
}

// updateSnapshot is db.Update with panics of bbolt, and faults in its mapped memory,
// as errors.
func updateSnapshot(db *bbolt.DB, path string, f func(*bbolt.Tx) error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer recoverDamage(path, &err)
	return db.Update(f)
}

// writeOutcome brings one key up to date and counts.
func writeOutcome(kv *bbolt.Bucket, m *format.SnapshotMeta, o *fold.Outcome) error {
	var old *format.Entry
	v := kv.Get(o.Key)
	if v != nil {
		e, err := format.DecodeValue(o.Key, v)
		if err != nil {
			return fmt.Errorf("snapshot, key %.100q: %w", o.Key, err)
		}
		old = &e
		m.Count(old, -1)
	}
	next := o.Apply(old)
	switch {
	case next == nil && v != nil:
		return kv.Delete(o.Key)
	case next == nil:
		return nil
	}
	m.Count(next, +1)
	if next == old {
		return nil
	}
	return kv.Put(o.Key, format.EncodeValue(next))
}
