package wal

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// allocateStep is how far ahead of the records room is made, in bytes: an fsync then
// has data to write and nothing else. A longer step makes one sync in many longer.
const allocateStep = 1 << 20

// largeBatch is the size in bytes from which a batch is written without room having been
// made: noting its size costs the sync little beside its data, and zeros would double what
// is written.
const largeBatch = allocateStep / 8

// Log is a log that is open for appending.
type Log struct {
	opts Options

	mu      sync.Mutex // protects what follows; held over writes and their fsync
	sealed  []Segment  // oldest first
	cur     Segment    // of file
	file    File       // nil if the current segment could not be made yet
	next    uint64     // LSN of the next record
	durable uint64     // greatest LSN known to be durable
	room    int64      // size of the file, reserved room included
	noRoom  bool       // reserving failed in this segment
	err     error      // ErrClosed, or ErrFailed with its cause: what every call returns

	// fileMu is held by the background sync while it works without mu, and by
	// whoever closes the file. It is taken after mu.
	fileMu sync.Mutex

	background sync.WaitGroup // of the goroutine that syncs, with SyncEverySecond
	stop       func()         // ends it
}

// Append writes the records of b in one write, which SyncAlways makes durable
// before it returns, and returns the LSN of the first. On ErrNoSpace nothing has
// changed; on ErrFailed it is not known what of b a restart will find. An empty
// batch is not written. b may be reset when Append returns.
func (l *Log) Append(b *Batch) (first uint64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return 0, l.err
	}
	if b.Len() == 0 {
		return l.next, nil
	}
	if err := l.makeRoom(int64(b.Size())); err != nil {
		return 0, l.refuse(err, l.cur)
	}
	before := l.cur
	if err := l.write(b); err != nil {
		return 0, l.refuse(err, before)
	}
	first = l.next
	l.next += uint64(b.Len())
	if l.opts.Sync == SyncAlways {
		if err := l.sync(); err != nil {
			l.next = first
			return 0, l.refuseUnsynced(err, before)
		}
	}
	return first, nil
}

// makeRoom begins a new segment if n bytes do not fit into the current one.
func (l *Log) makeRoom(n int64) error {
	if l.file != nil && !l.cur.empty() && l.cur.Bytes+n > l.opts.SegmentSize {
		if err := l.seal(); err != nil {
			return l.fail(err)
		}
	}
	if l.file == nil {
		return l.create()
	}
	return nil
}

func (l *Log) write(b *Batch) error {
	b.stamp(l.next, l.durable)
	if len(b.buf) < largeBatch {
		l.reserve(l.cur.Bytes + int64(len(b.buf)))
	}
	if _, err := l.file.WriteAt(b.buf, l.cur.Bytes); err != nil {
		return err
	}
	l.cur.Last = l.next + uint64(b.Len()) - 1
	l.cur.Bytes += int64(len(b.buf))
	l.room = max(l.room, l.cur.Bytes)
	return nil
}

// reserve sees to it that the file has room up to size, if the file system can.
func (l *Log) reserve(size int64) {
	if size <= l.room || l.noRoom {
		return
	}
	want := (size + allocateStep - 1) / allocateStep * allocateStep
	want = max(size, min(want, l.opts.SegmentSize))
	if err := l.file.Allocate(l.room, want-l.room); err != nil {
		l.noRoom = true
		// A part of the room may have been added all the same.
		if size, err := l.file.Size(); err == nil {
			l.room = max(l.room, size)
		}
		return
	}
	l.room = want
}

func (l *Log) sync() error {
	start := time.Now()
	err := l.file.Sync()
	l.opts.OnSync(time.Since(start))
	if err == nil {
		l.durable = l.next - 1
	}
	return err
}

// refuse turns the failure of a write into the error of Append. A full disk
// leaves the segment as it was before; everything else ends the log.
func (l *Log) refuse(err error, before Segment) error {
	if l.err != nil || !isFull(err) {
		if l.file != nil && l.err == nil {
			// Best effort, so that a restart hardly ever finds what was answered with
			// an error. It proves nothing, and nothing relies on it.
			_ = l.file.Truncate(before.Bytes)
		}
		return l.fail(err)
	}
	l.cur = before
	if l.file != nil {
		if err := l.shrink(); err != nil {
			return l.fail(err)
		}
	}
	return fmt.Errorf("%w: %w", ErrNoSpace, err)
}

// refuseUnsynced is refuse for a failed sync. What lay in the file before was
// durable already, but its last page may now be anything, so that no record is
// ever written behind it.
func (l *Log) refuseUnsynced(err error, before Segment) error {
	refused := l.refuse(err, before)
	if l.err != nil {
		return refused
	}
	if err := l.seal(); err != nil {
		return l.fail(err)
	}
	return refused
}

// shrink gives back what lies behind the last good record, durably.
func (l *Log) shrink() error {
	if err := l.file.Truncate(l.cur.Bytes); err != nil {
		return err
	}
	l.room = l.cur.Bytes
	return l.file.Sync()
}

// Seal ends the current segment, if it has any records, and begins a new one.
func (l *Log) Seal() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	if l.file == nil || l.cur.empty() {
		return nil
	}
	if err := l.seal(); err != nil {
		return l.fail(err)
	}
	if err := l.create(); err != nil && !isFull(err) {
		return l.fail(err)
	}
	return nil
}

// seal makes the current segment durable and closes it.
func (l *Log) seal() error {
	l.fileMu.Lock()
	defer l.fileMu.Unlock()
	if l.room > l.cur.Bytes || l.durable+1 < l.next {
		if err := l.shrink(); err != nil {
			return err
		}
		l.durable = l.next - 1
	}
	if err := l.file.Close(); err != nil {
		return err
	}
	l.cur.Sealed = true
	l.sealed = append(l.sealed, l.cur)
	l.cur, l.file = Segment{Seq: l.cur.Seq}, nil
	return nil
}

// create makes the next segment, with its header: that says which LSN comes next
// when nothing else is left of the log.
func (l *Log) create() error {
	seg := Segment{Seq: l.cur.Seq + 1, Path: filepath.Join(l.opts.Dir, SegmentName(l.cur.Seq+1))}
	f, err := l.opts.FS.Create(seg.Path)
	if err != nil {
		return err
	}
	err = l.begin(f, seg)
	if err == nil {
		err = l.opts.FS.SyncDir(l.opts.Dir)
	}
	if err != nil {
		l.file, l.cur = nil, Segment{Seq: seg.Seq - 1}
		return errors.Join(err, f.Close(), l.opts.FS.Remove(seg.Path))
	}
	return nil
}

// begin writes the header of an empty segment, durably, and makes it the current.
func (l *Log) begin(f File, seg Segment) error {
	seg.First, seg.Last, seg.Created, seg.Bytes = l.next, l.next-1, time.Now(), HeaderSize
	var b [HeaderSize]byte
	segmentHeader{first: seg.First, created: seg.Created}.put(b[:])
	if _, err := f.WriteAt(b[:], 0); err != nil {
		return err
	}
	l.file, l.cur, l.room, l.noRoom = f, seg, HeaderSize, false
	return l.file.Sync()
}

// DeleteThrough removes the sealed segments whose records all have an LSN of at
// most lsn. One segment is always left, if only to tell the LSN. After an error it
// may be called again.
func (l *Log) DeleteThrough(lsn uint64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	removed := false
	for len(l.sealed) > 0 && l.sealed[0].Last <= lsn && (l.file != nil || len(l.sealed) > 1) {
		if err := l.opts.FS.Remove(l.sealed[0].Path); err != nil {
			return err
		}
		l.sealed, removed = l.sealed[1:], true
	}
	if !removed {
		return nil
	}
	return l.opts.FS.SyncDir(l.opts.Dir)
}

// Segments lists the segments, oldest first; the last one is the current.
func (l *Log) Segments() []Segment {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := slices.Clone(l.sealed)
	if l.file != nil {
		list = append(list, l.cur)
	}
	return list
}

// LastLSN returns the number of the last record, durable or not.
func (l *Log) LastLSN() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.next - 1
}

// Err returns ErrFailed with its cause, ErrClosed, or nil.
func (l *Log) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// Close syncs and seals the log, and returns the error that ended it, if any.
// A second Close does nothing.
func (l *Log) Close() error {
	l.stop()
	l.background.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	if errors.Is(l.err, ErrClosed) {
		return nil
	}
	err := l.err
	if err == nil && l.file != nil && !l.cur.empty() {
		if err = l.seal(); err == nil {
			// The new, empty segment is what marks the last one as complete.
			if cerr := l.create(); cerr != nil && !isFull(cerr) {
				err = cerr
			}
		}
	}
	l.closeFile()
	l.err = ErrClosed
	return err
}

// closeFile closes the file, whose content is durable or lost by now.
func (l *Log) closeFile() {
	l.fileMu.Lock()
	defer l.fileMu.Unlock()
	if l.file != nil {
		_ = l.file.Close() // nothing is written that this could still report
		l.file = nil
	}
}

// fail keeps err as what every call returns from now on.
func (l *Log) fail(err error) error {
	if l.err == nil {
		l.err = fmt.Errorf("%w: %w", ErrFailed, err)
	}
	return l.err
}

// HasRoom tells whether a batch of n bytes would find room on the disk, for a
// caller that has seen ErrNoSpace. It tries no more than a step of reserving takes,
// so that it never fills a disk for the others on it.
func (l *Log) HasRoom(n int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return false
	}
	if l.file == nil {
		if err := l.create(); err != nil {
			return false
		}
	}
	err := l.file.Allocate(l.cur.Bytes, min(n, allocateStep))
	// In any case: a part of the room may have been added before it failed.
	if err := l.shrink(); err != nil {
		_ = l.fail(err) // reported by the next call, and by Err
		return false
	}
	l.noRoom = false
	return !isFull(err)
}
