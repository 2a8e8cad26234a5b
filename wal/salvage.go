package wal

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"
)

// Flaw is a place where a log is not as it should be.
type Flaw struct {
	Path   string // of the segment
	Offset int64  // of the place, in bytes from the start of the file
	Bytes  int64  // that could not be read as records; 0 if they are missing
	// First and Last are the LSNs of the records that are lost here: 0 and 0 if there
	// are none. Last is 0 if it is not known how many: up to the end of the log.
	First, Last uint64
	Torn        bool // a crash may have left it, and then nobody was told of these records
	Reason      string
}

// Lost tells whether records are lost at the place.
func (f *Flaw) Lost() bool { return f.First > 0 }

// Salvaged says what Salvage has found.
type Salvaged struct {
	Segments int
	Bytes    int64 // of all segments
	Records  int64 // that could be read
	First    uint64
	End      uint64 // the greatest LSN that the log is known to have had
	Flaws    []Flaw
}

// Salvage reads all that can be read of a log that may be damaged, and changes
// nothing. Each good record goes to visit in the order of LSNs, which may have gaps;
// the payload is valid during the call, and an error from visit ends the walk. fs nil
// is the real file system. Segments of a newer format are an error.
//
// Behind a damaged record it looks for the next good ones at each byte, up to the
// end of the segment. A record is taken only where it can be: the checksum is right,
// the LSN grows, no more records lie between than there is room for, and, where two
// places contradict each other (a value may look like a log), the one with more
// records around it is believed.
func Salvage(fs ReadFS, dir string, visit func(lsn uint64, path string, offset int64, payload []byte) error) (Salvaged, error) {
	fs = cmp.Or[ReadFS](fs, osFS{})
	s := &salvager{fs: fs, visit: visit}
	err := s.run(dir)
	return s.found, err
}

type salvager struct {
	fs    ReadFS
	visit func(uint64, string, int64, []byte) error
	found Salvaged

	known bool   // last says where the log is
	last  uint64 // LSN of the record before the place
	open  *Flaw  // records are lost from here on; how many shows later

	seg      salvageSegment
	previous salvageSegment // the one before, for what is missing between them
}

type salvageSegment struct {
	seq    uint64
	path   string
	size   int64
	header segmentHeader
	bad    error  // why the header cannot be used
	limit  uint64 // all LSNs in it are below, 0 = unknown
	final  bool   // it is the last one
}

func (s *salvager) run(dir string) error {
	list, err := s.list(dir)
	if err != nil {
		return err
	}
	s.found.Segments = len(list)
	for _, seg := range list {
		s.previous, s.seg = s.seg, seg
		s.found.Bytes += seg.size
		if err := s.segment(); err != nil {
			return err
		}
	}
	s.closeFlaw()
	return nil
}

func (s *salvager) list(dir string) (list []salvageSegment, err error) {
	names, err := s.fs.List(dir)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		seq, ok := ParseSegmentName(name)
		if !ok {
			continue
		}
		seg := salvageSegment{seq: seq, path: filepath.Join(dir, name)}
		if err := seg.readHeader(s.fs); err != nil {
			return nil, err
		}
		list = append(list, seg)
	}
	limit := uint64(0)
	for i := len(list) - 1; i >= 0; i-- {
		list[i].limit, list[i].final = limit, i == len(list)-1
		if list[i].bad == nil {
			limit = list[i].header.first
		}
	}
	return list, nil
}

func (g *salvageSegment) readHeader(fs ReadFS) error {
	f, err := fs.Open(g.path)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // read only
	if g.size, err = f.Size(); err != nil {
		return err
	}
	var b [HeaderSize]byte
	switch n, err := f.ReadAt(b[:], 0); {
	case n < HeaderSize && errors.Is(err, io.EOF):
		g.bad = fmt.Errorf("segment of %d bytes has no whole header", g.size)
	case n < HeaderSize:
		g.bad = fmt.Errorf("segment header cannot be read: %w", err)
	default:
		g.header, g.bad = parseHeader(b[:])
	}
	if errors.Is(g.bad, errVersion) {
		return fmt.Errorf("%s: %w", g.path, g.bad)
	}
	return nil
}

func (s *salvager) segment() error {
	if s.seg.bad == nil {
		if first := s.seg.header.first; s.known && first <= s.last {
			s.flaw(Flaw{Bytes: s.seg.size, Reason: fmt.Sprintf("segment begins with record %d, which lies before its place: left out", first)})
			return nil
		}
		s.arrive(s.seg.header.first, 0)
	} else if s.seg.size > 0 || !s.seg.final {
		s.flaw(Flaw{Bytes: min(HeaderSize, s.seg.size), Reason: s.seg.bad.Error()})
	}
	if s.seg.size <= HeaderSize {
		return nil
	}
	f, err := s.fs.Open(s.seg.path)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // read only
	scan := scanner{f: f, size: s.seg.size, offset: HeaderSize}
	for s.known {
		at := scan.offset
		rec, err := scan.next(s.last + 1)
		if errors.Is(err, io.EOF) {
			s.ends(at)
			return nil
		}
		if err != nil {
			return s.search(f, at, err)
		}
		if err := s.take(s.last+1, at, rec); err != nil {
			return err
		}
	}
	return s.search(f, HeaderSize, s.seg.bad)
}

func (s *salvager) take(lsn uint64, at int64, rec []byte) error {
	s.arrive(lsn, at)
	s.last = lsn
	s.found.Records++
	s.found.End = max(s.found.End, lsn)
	return s.visit(lsn, s.seg.path, at, rec[recordHeaderSize:len(rec)-1])
}

// arrive notes that the next record is known to have LSN first, and what is missing
// before it.
func (s *salvager) arrive(first uint64, at int64) {
	gap := s.known && first > s.last+1
	begins := at == 0 || at == HeaderSize && s.seg.bad != nil // nothing was known of the segment before
	if missing := s.seg.seq - s.previous.seq - 1; begins && s.previous.seq > 0 && missing > 0 {
		f := Flaw{Reason: "the segment before it is missing"}
		if missing > 1 {
			f.Reason = fmt.Sprintf("%d segments before it are missing", missing)
		}
		if gap && s.open == nil {
			f.First, f.Last = s.last+1, first-1
			gap = false
		}
		s.flaw(f)
	}
	switch {
	case s.open != nil && gap:
		s.open.Last = first - 1
		s.closeFlaw()
	case s.open != nil:
		s.open.First = 0
		s.closeFlaw()
	case gap && begins:
		s.found.Flaws = append(s.found.Flaws, Flaw{Path: s.previous.path, Offset: s.previous.size,
			First: s.last + 1, Last: first - 1, Reason: "the segment ends too early"})
	case gap:
		s.flaw(Flaw{Offset: at, First: s.last + 1, Last: first - 1, Reason: "records are missing"})
	}
	if s.found.First == 0 {
		s.found.First = first
	}
	s.known, s.last = true, first-1
	s.found.End = max(s.found.End, first-1)
}

// ends deals with the end of the records at an offset: only the last segment may
// have anything behind it.
func (s *salvager) ends(at int64) {
	if !s.seg.final && at < s.seg.size {
		s.flaw(Flaw{Offset: at, Bytes: s.seg.size - at, Reason: "zeros at the end of a sealed segment"})
	}
}

func (s *salvager) flaw(f Flaw) {
	f.Path = s.seg.path
	s.found.Flaws = append(s.found.Flaws, f)
}

// lose notes that records are lost from the next one on.
func (s *salvager) lose(f Flaw) {
	s.closeFlaw()
	f.Path, f.First = s.seg.path, s.last+1
	s.open = &f
}

func (s *salvager) closeFlaw() {
	if s.open != nil {
		s.found.Flaws = append(s.found.Flaws, *s.open)
		s.open = nil
	}
}

// Create makes a log without records in dir, which must have none, so that the first
// record will have LSN next.
func Create(fs FS, dir string, next uint64) error {
	fs = cmp.Or[FS](fs, osFS{})
	if err := fs.MkdirAll(dir); err != nil {
		return err
	}
	l := &Log{opts: Options{Dir: dir, FS: fs}, next: next, durable: next - 1}
	if err := l.create(); err != nil {
		return err
	}
	return errors.Join(l.file.Close(), fs.SyncDir(filepath.Dir(dir)))
}
