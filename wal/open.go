package wal

import (
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
	l := &Log{opts: opts}
	rec, err := l.recover(from, replay)
	if err != nil {
		return nil, rec, err
	}
	// Made now if it can be, so that the segments before it count as complete.
	if err := l.begin(); err != nil && !isFull(err) {
		l.closeFile()
		return nil, rec, fmt.Errorf("wal: begin a segment: %w", err)
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
	if len(segments) > 0 {
		if err := l.settle(tail, &rec); err != nil {
			return rec, err
		}
		l.sealed = append(segments[:len(segments)-1:len(segments)-1], l.sealed...)
	}
	rec.LastLSN = max(end, from)
	l.next, l.durable = rec.LastLSN+1, rec.LastLSN
	// What holds nothing behind from should be gone: a crash brought it back.
	return rec, l.DeleteThrough(from)
}

// replayAll walks the records behind from. end is the last LSN of the log.
func replayAll(fs FS, segments []Segment, from uint64, rec *Recovered, replay func(uint64, []byte) error) (tail Tail, end uint64, err error) {
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
// was replayed must not be lost by the next crash. A segment without records
// stays open as the current one; otherwise it counts as sealed.
func (l *Log) settle(tail Tail, rec *Recovered) error {
	seg := tail.Segment
	f, err := l.opts.FS.Open(seg.Path, true)
	if err != nil {
		return err
	}
	size, err := f.Size()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	if tail.Torn {
		rec.TornBytes, rec.TornWhy = size-tail.Offset, tail.Reason
		if rec.Broken, err = l.keepBroken(f, seg.Path, tail.Offset, size); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	if seg.Last < seg.First || seg.First == 0 {
		seg = Segment{Seq: seg.Seq, Path: seg.Path}
	}
	l.file, l.cur, l.room = f, seg, size
	if err := l.shrink(); err != nil {
		l.closeFile()
		return fmt.Errorf("wal: cut %s: %w", seg.Path, err)
	}
	if err := l.opts.FS.SyncDir(l.opts.Dir); err != nil {
		l.closeFile()
		return err
	}
	if seg.First == 0 {
		return nil
	}
	l.closeFile()
	seg.Sealed = true
	l.sealed, l.cur = []Segment{seg}, Segment{Seq: seg.Seq}
	return nil
}

// begin makes the current segment, unless settle has found an empty one.
func (l *Log) begin() error {
	if l.file != nil {
		return nil
	}
	return l.create()
}

// keepBroken copies what is about to be cut off into a file beside the segment,
// without the zeros at its end, and returns its path. There is no copy if there is
// no room for it: what is cut was acknowledged to nobody.
func (l *Log) keepBroken(f File, path string, off, size int64) (string, error) {
	b := make([]byte, size-off)
	if _, err := f.ReadAt(b, off); err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	broken := path + brokenSuffix
	names, err := l.opts.FS.List(l.opts.Dir)
	if err != nil {
		return "", err
	}
	if len(b) == 0 || slices.Contains(names, filepath.Base(broken)) {
		return "", nil // nothing to see, or an interrupted Open has kept it already
	}
	err = l.writeFile(broken, b)
	if isFull(err) {
		return "", nil
	}
	return broken, err
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
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return errors.Join(err, fs.Remove(tmp))
	}
	if err := fs.Rename(tmp, path); err != nil {
		return err
	}
	return fs.SyncDir(l.opts.Dir)
}
