package wal

import (
	"cmp"
	"errors"
	"io/fs"
)

// Follower reads a log to its end again and again, while a process appends to it,
// each time from where it was. It never reads a record twice.
type Follower struct {
	// Missed, if set, is told of records that were deleted before they were read.
	Missed func(first, last uint64)

	fs   ReadFS
	dir  string
	next uint64 // LSN to read next

	seq    uint64 // of the segment that has been read in part; 0 if none has
	offset int64  // in it
}

// NewFollower returns a Follower of the records behind LSN from in dir. fs nil is the
// real file system.
func NewFollower(fs ReadFS, dir string, from uint64) *Follower {
	return &Follower{fs: cmp.Or[ReadFS](fs, osFS{}), dir: dir, next: from + 1}
}

// Read calls visit with a Reader at each record that is new. It returns nil at the
// end of the log, the error of visit, or a *CorruptError: that may also be a write
// that is under way, so that reading once more is worth it.
func (f *Follower) Read(visit func(r *Reader) error) error {
	segments, err := Segments(f.fs, f.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // a segment was deleted right now, or there is no log yet
	}
	if err != nil {
		return err
	}
	r, err := f.reader(segments)
	if r == nil || err != nil {
		return err
	}
	for err == nil && r.Next() {
		f.next = r.lsn + 1
		f.seq, f.offset = r.segments[0].Seq, r.scan.offset
		err = visit(r)
	}
	err = errors.Join(cmp.Or(err, r.Err()), r.Close())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// reader returns a Reader from where the Follower is; nil if there is nothing to read.
func (f *Follower) reader(segments []Segment) (*Reader, error) {
	for i := range segments {
		if segments[i].Seq == f.seq {
			return &Reader{fs: f.fs, segments: segments[i:], from: f.next - 1, next: f.next, resume: f.offset}, nil
		}
	}
	f.seq = 0
	if len(segments) == 0 || segments[0].First == 0 {
		return nil, nil
	}
	if first := segments[0].First; first > f.next {
		if f.Missed != nil {
			f.Missed(f.next, first-1)
		}
		f.next = first
	}
	return newReader(f.fs, segments, f.next-1)
}
