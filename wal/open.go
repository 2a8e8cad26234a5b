package wal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
)

// Recovered says what Open found.
type Recovered struct {
	Records   int64  // given to replay
	LastLSN   uint64 // of the log
	TornBytes int64  // cut off the end of the last segment
	TornWhy   string // what was found there
	Broken    string // path of the copy of these bytes, if any could be made
}

// Open recovers the log in opts.Dir, which it creates if need be, and opens it
// for appending. Each record behind LSN from goes to replay in order; the payload
// is valid until replay returns, and an error from replay ends Open. The torn end
// of an interrupted batch is cut off; other damage is a *CorruptError and nothing
// is changed. The records that follow get LSNs above from and above all that were
// found.
func Open(opts Options, from uint64, replay func(lsn uint64, payload []byte) error) (*Log, Recovered, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, Recovered{}, err
	}
	if err := opts.FS.MkdirAll(opts.Dir); err != nil {
		return nil, Recovered{}, fmt.Errorf("wal: %w", err)
	}
	l := &Log{opts: opts, stop: func() {}}
	rec, err := l.recover(from, replay)
	if err != nil {
		return nil, rec, err
	}
	// Made now if it can be, so that the segments before it count as complete.
	if l.file == nil {
		if err := l.create(); err != nil && !isFull(err) {
			return nil, rec, fmt.Errorf("wal: begin a segment: %w", err)
		}
	}
	if opts.Sync == SyncEverySecond {
		l.startSyncing()
	}
	return l, rec, nil
}

// recover replays the records and leaves the segments sealed and durable.
func (l *Log) recover(from uint64, replay func(lsn uint64, payload []byte) error) (Recovered, error) {
	var rec Recovered
	fs, dir := l.opts.FS, l.opts.Dir
	if err := removeLeftovers(fs, dir); err != nil {
		return rec, err
	}
	segments, err := Segments(fs, dir)
	if err != nil {
		return rec, err
	}
	tail, end, err := replayAll(fs, segments, from, &rec, replay)
	if err != nil {
		return rec, err
	}
	if n := len(segments); n > 1 && tail.Segment.First == 0 {
		segments[n-2].Last = end // there is no header behind it to tell
	}
	if len(segments) == 0 && from > 0 {
		end = 0 // a log is never without a segment
	}
	if end < from {
		return rec, &CorruptError{Path: dir, LSN: end + 1,
			Reason: fmt.Sprintf("the log ends with record %d, but must reach record %d: segments are missing", end, from)}
	}
	rec.LastLSN = end
	l.next, l.durable = end+1, end
	if len(segments) > 0 {
		l.sealed = segments[:len(segments)-1]
		if err := l.settle(tail, &rec); err != nil {
			return rec, err
		}
	}
	// What holds nothing behind from should be gone: a crash brought it back.
	return rec, l.DeleteThrough(from)
}

// replayAll walks the records behind from. end is the last LSN of the log.
func replayAll(fs ReadFS, segments []Segment, from uint64, rec *Recovered, replay func(uint64, []byte) error) (tail Tail, end uint64, err error) {
	r, err := newReader(fs, segments, from)
	if err != nil {
		return Tail{}, 0, err
	}
	for r.Next() {
		rec.Records++
		if err := replay(r.LSN(), r.Record()); err != nil {
			return Tail{}, 0, errors.Join(fmt.Errorf("log segment %s, offset %d, record %d: %w", r.Segment(), r.Offset(), r.LSN(), err), r.Close())
		}
	}
	return r.Tail(), r.next - 1, errors.Join(r.Err(), r.Close())
}

// settle cuts the last segment behind its last record and makes it durable: what
// was replayed must not be lost by the next crash. A segment without records is
// used on; any other counts as sealed.
func (l *Log) settle(tail Tail, rec *Recovered) error {
	seg := tail.Segment
	f, err := l.opts.FS.OpenWrite(seg.Path)
	if err != nil {
		return err
	}
	if tail.Torn {
		rec.TornWhy = tail.Reason
		if err := l.keepBroken(f, seg.Path, tail.Offset, rec); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	seg.Bytes = tail.Offset
	l.file, l.cur = f, seg
	if err := l.shrink(); err != nil {
		l.closeFile()
		return fmt.Errorf("wal: cut %s: %w", seg.Path, err)
	}
	if err := l.opts.FS.SyncDir(l.opts.Dir); err != nil {
		l.closeFile()
		return err
	}
	if seg.empty() {
		return l.reuse(f, seg)
	}
	l.closeFile()
	seg.Sealed = true
	l.sealed, l.cur = append(l.sealed, seg), Segment{Seq: seg.Seq}
	return nil
}

// reuse makes the last segment, which has no records, the current one.
func (l *Log) reuse(f File, seg Segment) error {
	if seg.First == l.next {
		seg.Last = seg.First - 1
		l.cur = seg
		return nil
	}
	err := l.begin(f, seg)
	if err == nil {
		return nil
	}
	l.closeFile()
	l.cur = seg
	if !isFull(err) {
		return fmt.Errorf("wal: begin %s: %w", seg.Path, err)
	}
	// No room for 32 bytes: a later one will do.
	return l.opts.FS.Remove(seg.Path)
}

// keepBroken copies what is about to be cut off into a file beside the segment,
// without the zeros at its end. There is no copy if there is no room for it: what is
// cut was acknowledged to nobody.
func (l *Log) keepBroken(f File, path string, off int64, rec *Recovered) error {
	size, err := f.Size()
	if err != nil {
		return err
	}
	b := make([]byte, size-off)
	if _, err := f.ReadAt(b, off); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	b = bytes.TrimRight(b, "\x00")
	if len(b) == 0 {
		return nil
	}
	rec.TornBytes = int64(len(b))
	names, err := l.opts.FS.List(l.opts.Dir)
	if err != nil {
		return err
	}
	broken := path + BrokenSuffix
	for n := 2; slices.Contains(names, filepath.Base(broken)); n++ {
		broken = fmt.Sprintf("%s%s.%d", path, BrokenSuffix, n)
	}
	if err := l.writeFile(broken, b); err != nil {
		if isFull(err) {
			return nil
		}
		return err
	}
	rec.Broken = broken
	return nil
}

// writeFile makes a file that is there wholly or not at all.
func (l *Log) writeFile(path string, b []byte) error {
	fs, tmp := l.opts.FS, path+tmpSuffix
	f, err := fs.Create(tmp)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(b, 0)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, fs.Remove(tmp))
	}
	if err := fs.Rename(tmp, path); err != nil {
		return err
	}
	return fs.SyncDir(l.opts.Dir)
}
