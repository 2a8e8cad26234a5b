package wal

import (
	"cmp"
	"errors"
	"fmt"
	"io"
)

// Reader walks the records of a log in order:
//
//	r, err := wal.NewReader(nil, dir, from)
//	for r.Next() {
//		use(r.LSN(), r.Record())
//	}
//	err = r.Err()
//	err = r.Close()
//
// It may run while a process appends: it then ends with the last whole record
// that it finds.
type Reader struct {
	fs       ReadFS
	segments []Segment // not yet opened; the first is the current one
	from     uint64
	resume   int64 // offset in the first segment to begin at; 0 = the first record

	f      ReadFile
	scan   scanner
	next   uint64 // LSN that the next record must have
	lsn    uint64
	record []byte
	at     int64 // offset of record
	path   string

	tail Tail
	err  error
}

// Tail is where the records of the last segment end.
type Tail struct {
	Segment Segment // First is 0 if there is no header yet
	Offset  int64   // behind the last good record
	Torn    bool    // something that is not a record follows
	Reason  string  // what was found there
}

// NewReader returns a Reader of the records behind LSN from in dir. fs nil is
// the real file system. A log that begins later than from+1 is a *CorruptError.
func NewReader(fs ReadFS, dir string, from uint64) (*Reader, error) {
	fs = cmp.Or[ReadFS](fs, osFS{})
	segments, err := Segments(fs, dir)
	if err != nil {
		return nil, err
	}
	return newReader(fs, segments, from)
}

func newReader(fs ReadFS, segments []Segment, from uint64) (*Reader, error) {
	r := &Reader{fs: fs, from: from, next: from + 1}
	r.segments = skipTo(segments, from)
	if len(r.segments) > 0 {
		if s := r.segments[0]; s.First > from+1 {
			return nil, &CorruptError{Path: s.Path, LSN: from + 1,
				Reason: fmt.Sprintf("the log begins with record %d: a segment before it is missing", s.First)}
		} else if s.First > 0 {
			r.next = s.First
		}
	}
	return r, nil
}

// skipTo drops the segments that hold nothing behind LSN from.
func skipTo(segments []Segment, from uint64) []Segment {
	for len(segments) > 1 && segments[1].First > 0 && segments[1].First <= from+1 {
		segments = segments[1:]
	}
	return segments
}

// Next moves to the next record. It returns false at the end and on an error.
func (r *Reader) Next() bool {
	for r.err == nil {
		if r.f == nil {
			if len(r.segments) == 0 || !r.open() {
				return false
			}
		}
		at := r.scan.offset
		rec, err := r.scan.next(r.next)
		if err != nil {
			if !r.endSegment(err) {
				return false
			}
			continue
		}
		r.lsn, r.at, r.record = r.next, at, rec[recordHeaderSize:len(rec)-1]
		r.next++
		if r.lsn > r.from {
			return true
		}
	}
	return false
}

// LSN returns the number of the current record.
func (r *Reader) LSN() uint64 { return r.lsn }

// Record returns the payload of the current record, valid until Next.
func (r *Reader) Record() []byte { return r.record }

// Segment returns the path of the current record's segment.
func (r *Reader) Segment() string { return r.path }

// Offset returns the offset of the current record in its segment, in bytes.
func (r *Reader) Offset() int64 { return r.at }

// Tail describes the end of the last segment, once Next has returned false
// without an error.
func (r *Reader) Tail() Tail { return r.tail }

// Last returns the LSN of the last record of the log, once Next has returned false
// without an error, and before that of the last one that was passed.
func (r *Reader) Last() uint64 { return r.next - 1 }

// Err returns what ended the walk early: a *CorruptError or a failed read.
func (r *Reader) Err() error { return r.err }

// Close releases the open segment.
func (r *Reader) Close() error {
	if r.f == nil {
		return nil
	}
	err := r.f.Close()
	r.f = nil
	return err
}

func (r *Reader) open() bool {
	seg := r.segments[0]
	f, err := r.fs.Open(seg.Path)
	if err != nil {
		r.err = err
		return false
	}
	size, err := f.Size()
	if err != nil {
		r.err = errors.Join(err, f.Close())
		return false
	}
	// The buffer serves all segments; what it held of the last one is dropped.
	r.f, r.path, r.scan = f, seg.Path, scanner{f: f, size: size, buf: r.scan.buf[:0]}
	if seg.First == 0 {
		return r.openWithoutHeader(seg)
	}
	if r.resume > 0 {
		r.scan.offset, r.resume = r.resume, 0
		return true
	}
	if seg.First != r.next {
		r.fail(0, fmt.Sprintf("segment begins with record %d: a segment before it is missing", seg.First))
		return false
	}
	r.scan.offset = HeaderSize
	return true
}

// openWithoutHeader deals with a last segment whose header is missing: it ends
// the walk, in peace if no record in it can have been durable.
func (r *Reader) openWithoutHeader(seg Segment) bool {
	// Segments before it that are not needed any more may be gone.
	r.next = max(r.next, r.from+1)
	var h [HeaderSize]byte
	n, err := r.f.ReadAt(h[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
		return false
	}
	if n < HeaderSize {
		r.endTail(seg, 0, !allZero(h[:n]), "segment header is cut off")
		return false
	}
	_, err = parseHeader(h[:])
	if err == nil { // written since the segments were listed
		r.segments[0].First = r.next
		r.scan.offset = HeaderSize
		return true
	}
	r.scan.offset = HeaderSize
	behind := r.scan.zeros()
	switch {
	case errors.Is(behind, io.EOF): // no record has ever been behind it
		r.endTail(seg, 0, !allZero(h[:]), "segment header is cut off")
	case allZero(h[:]): // lost, while sectors behind it survived
		r.scan.offset = 0
		r.endSegment(behind)
	default:
		r.fail(0, err.Error())
	}
	return false
}

// endTail ends the walk in the last segment.
func (r *Reader) endTail(seg Segment, offset int64, torn bool, reason string) {
	r.tail = Tail{Segment: seg, Offset: offset, Torn: torn}
	if torn {
		r.tail.Reason = reason
	}
	r.segments = nil
	if err := r.Close(); err != nil {
		r.err = err
	}
}

// endSegment deals with err, which came in place of a record. It returns true if
// the walk goes on with the next segment.
func (r *Reader) endSegment(err error) bool {
	seg, offset := r.segments[0], r.scan.offset
	last := len(r.segments) == 1
	var bad damage
	switch {
	case errors.Is(err, io.EOF) && !last && offset < r.scan.size:
		r.fail(offset, "zeros at the end of a sealed segment")
	case errors.Is(err, io.EOF) && !last:
		r.segments = r.segments[1:]
		r.err = r.Close()
		return r.err == nil
	case errors.Is(err, io.EOF):
		seg.Last, seg.Bytes = r.next-1, offset
		r.endTail(seg, offset, false, "")
	case !errors.As(err, &bad):
		r.err = fmt.Errorf("read log segment %s: %w", seg.Path, err)
	case !last:
		r.fail(offset, bad.reason)
	default:
		r.endTorn(seg, offset, bad.reason)
	}
	return false
}

// endTorn ends the walk at a bad record of the last segment.
func (r *Reader) endTorn(seg Segment, offset int64, reason string) {
	torn, err := classify(r.f, r.scan.size, offset, r.next)
	switch {
	case err != nil:
		r.err = err
	case !torn:
		r.fail(offset, reason)
	default:
		seg.Last, seg.Bytes = r.next-1, offset
		r.endTail(seg, offset, true, reason)
	}
}

func (r *Reader) fail(offset int64, reason string) {
	r.err = &CorruptError{Path: r.path, Offset: offset, LSN: r.next, Reason: reason}
}
