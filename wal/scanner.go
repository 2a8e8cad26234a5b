package wal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// scanner reads the records of one segment in order, with one buffer that grows
// to the largest record.
type scanner struct {
	f    io.ReaderAt
	size int64 // of the file

	buf    []byte
	start  int   // of the unread bytes in buf
	offset int64 // of buf[start] in the file
}

const scanBuffer = 1 << 20

// errShort is returned by peek when the file ends before the bytes asked for.
var errShort error = damage{"file ends in the middle of a record"}

// peek returns the next n bytes without moving on.
func (s *scanner) peek(n int) ([]byte, error) {
	if s.offset+int64(n) > s.size {
		return nil, errShort
	}
	if len(s.buf)-s.start < n {
		if err := s.fill(n); err != nil {
			return nil, err
		}
	}
	return s.buf[s.start : s.start+n], nil
}

// fill moves the unread bytes to the front and reads on until there are n.
func (s *scanner) fill(n int) error {
	want := int(min(int64(max(n, scanBuffer)), s.size-s.offset))
	next := s.buf
	if cap(next) < want {
		next = make([]byte, want)
	}
	have := copy(next[:cap(next)], s.buf[s.start:])
	next = next[:want]
	got, err := s.f.ReadAt(next[have:], s.offset+int64(have))
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	s.buf, s.start = next[:have+got], 0
	if len(s.buf) < n {
		// The file has become shorter since it was opened: a writer cut a batch off.
		return errShort
	}
	return nil
}

// damage says why there is no record at the scanner's offset.
type damage struct{ reason string }

func (d damage) Error() string { return d.reason }

// next returns the record at the offset, which must have LSN lsn, and moves
// behind it. The bytes are valid until the next call. At the end of the records
// it returns io.EOF; a bad record is a damage and leaves the offset on it.
func (s *scanner) next(lsn uint64) (rec []byte, err error) {
	if s.offset == s.size {
		return nil, io.EOF
	}
	b, err := s.peek(recordHeaderSize)
	if err != nil {
		return nil, err
	}
	h := parseRecordHeader(b)
	switch {
	case h == recordHeader{}:
		return nil, s.zeros()
	case h.length > MaxRecordSize:
		return nil, damage{fmt.Sprintf("record length %d is impossible", h.length)}
	case h.lsn != lsn:
		return nil, damage{fmt.Sprintf("record number is %d", h.lsn)}
	}
	rec, err = s.peek(int(h.size()))
	if err != nil {
		return nil, err
	}
	if recordChecksum(rec) != h.checksum {
		return nil, damage{"wrong checksum"}
	}
	s.start += len(rec)
	s.offset += int64(len(rec))
	return rec, nil
}

// zeros returns io.EOF if there is nothing but zeros from the offset on.
func (s *scanner) zeros() error {
	for off := s.offset; off < s.size; {
		n := int(min(scanBuffer, s.size-off))
		if cap(s.buf) < n {
			s.buf = make([]byte, n)
		}
		b := s.buf[:n]
		// The buffered bytes are overwritten: nothing reads on behind the end.
		s.start = len(b)
		got, err := s.f.ReadAt(b, off)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if !allZero(b[:got]) {
			return damage{"zeros where a record should begin"}
		}
		if err != nil {
			break
		}
		off += int64(got)
	}
	return io.EOF
}

func allZero(b []byte) bool {
	return len(bytes.TrimLeft(b, "\x00")) == 0
}
