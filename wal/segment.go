package wal

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"
)

// Segment describes one file of a log.
type Segment struct {
	Seq     uint64
	Path    string
	First   uint64    // LSN of the first record; 0 if there is no header yet
	Last    uint64    // LSN of the last record; less than First if there is none
	Bytes   int64     // up to the end of the last record
	Created time.Time // zero if there is no header yet
	Sealed  bool
}

func (s *Segment) empty() bool { return s.Last < s.First || s.First == 0 }

// Segments lists the segments in dir from their names and headers alone, oldest
// first: Last and Bytes are known only of sealed ones, from the header behind
// them and the size of the file. A header that cannot be used is a *CorruptError,
// except in the last segment, which is then listed with First 0.
func Segments(fs ReadFS, dir string) ([]Segment, error) {
	fs = cmp.Or[ReadFS](fs, osFS{})
	names, err := fs.List(dir)
	if err != nil {
		return nil, err
	}
	var list []Segment
	for _, name := range names {
		if seq, ok := ParseSegmentName(name); ok {
			list = append(list, Segment{Seq: seq, Path: filepath.Join(dir, name), Sealed: true})
		}
	}
	for i := range list {
		last := i == len(list)-1
		if err := list[i].readHeader(fs, last); err != nil {
			return nil, err
		}
		if i > 0 && list[i].First > 0 {
			list[i-1].Last = list[i].First - 1
		}
	}
	if len(list) > 0 {
		list[len(list)-1].Sealed = false
	}
	return list, nil
}

func (s *Segment) readHeader(fs ReadFS, last bool) error {
	f, err := fs.Open(s.Path)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // read only
	if s.Bytes, err = f.Size(); err != nil {
		return err
	}
	var b [HeaderSize]byte
	if n, err := f.ReadAt(b[:], 0); n < HeaderSize {
		if !errors.Is(err, io.EOF) {
			return err
		}
		if last {
			return nil // see the third crash outcome in doc.go
		}
		return &CorruptError{Path: s.Path, Reason: fmt.Sprintf("sealed segment of %d bytes has no header", s.Bytes)}
	}
	h, err := parseHeader(b[:])
	if err != nil {
		if last && !errors.Is(err, errVersion) {
			return nil // the Reader decides whether it is torn or damaged
		}
		if errors.Is(err, errVersion) {
			return fmt.Errorf("log segment %s: %w", s.Path, err)
		}
		return &CorruptError{Path: s.Path, Reason: err.Error()}
	}
	s.First, s.Created = h.first, h.created
	return nil
}

// removeLeftovers removes files that an interrupted recovery left.
func removeLeftovers(fs FS, dir string) error {
	names, err := fs.List(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasSuffix(name, tmpSuffix) {
			if err := fs.Remove(filepath.Join(dir, name)); err != nil {
				return err
			}
		}
	}
	return nil
}
