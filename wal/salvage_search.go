package wal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// Bounds of the search behind a damaged record.
const (
	// maxSearch is how many bytes of a segment are searched: no segment is longer.
	maxSearch = MaxSegmentSize + 2*MaxRecordSize
	// searchBudget is how many bytes are checksummed, as a multiple of those that are
	// searched: content can be made to look like headers.
	searchBudget = 32
	// maxRuns is how many stretches of good records are looked for.
	maxRuns = 16 << 10
)

// run is a stretch of good records, one directly behind the other.
type run struct {
	off, end    int
	first, last uint64
}

// search looks for good records in b, which begins where record after+1 is due.
type search struct {
	b        []byte
	after    uint64
	limit    uint64 // all LSNs are below, 0 = unknown
	anchored bool   // record after+1 must be at the start, or be lost
	budget   int
}

// search takes what is good in the rest of the current segment, which is bad at an
// offset.
func (s *salvager) search(f io.ReaderAt, at int64, why error) error {
	b := ReadAround(f, at, min(s.seg.size-at, maxSearch))
	q := search{b: b, after: s.last, limit: s.seg.limit, budget: searchBudget * len(b),
		anchored: s.seg.bad == nil || at > HeaderSize}
	pos := 0
	for _, r := range q.best(q.runs()) {
		if r.off > pos {
			s.loseBytes(b[pos:r.off], b[pos:], at+int64(pos), why)
		}
		for i, lsn := r.off, r.first; i < r.end; lsn++ {
			end := i + int(parseRecordHeader(b[i:]).size())
			if err := s.take(lsn, at+int64(i), b[i:end]); err != nil {
				return err
			}
			i = end
		}
		pos = r.end
		scan := scanner{f: bytes.NewReader(b), size: int64(len(b)), offset: int64(pos)}
		if _, why = scan.next(s.last + 1); why == nil {
			why = fmt.Errorf("record %d is also in the next segment", s.last+1)
		}
	}
	if allZero(b[pos:]) && at+int64(len(b)) == s.seg.size {
		s.ends(at + int64(pos))
		return nil
	}
	s.loseBytes(b[pos:], b[pos:], at+int64(pos), why)
	return nil
}

// loseBytes notes that the bytes bad, at an offset, are no records; rest begins with
// them and goes on to the end of the segment.
func (s *salvager) loseBytes(bad, rest []byte, at int64, why error) {
	f := Flaw{Offset: at, Bytes: int64(len(bad)), Reason: why.Error()}
	next := s.last + 1
	if len(rest) >= recordHeaderSize {
		h := parseRecordHeader(rest)
		if h.lsn == next && h.size() == int64(len(bad)) {
			f.Last = next // it was one record, as far as its header can be believed
		}
	}
	f.Torn = s.seg.final && isTorn(rest, at, next)
	s.lose(f)
}

// place is where record lsn+1 is due, as far as is known.
type place struct {
	off int
	lsn uint64
}

// runs returns the stretches of good records, which may contradict each other.
func (q *search) runs() (list []run) {
	due := place{0, q.after} // behind the last good record
	base := due              // the last one that is beyond doubt
	for i := 0; i+recordOverhead <= len(q.b) && q.budget > 0 && len(list) < maxRuns; {
		lo, hi := q.between(base, i)
		if i == due.off {
			// No value can be here: whatever record it is, those before it are gone.
			lo, hi = due.lsn+1, math.MaxUint64
		}
		r, ok := q.runAt(i, lo, hi)
		switch {
		case !ok && i == due.off:
			i += max(1, q.skip(i, due.lsn+1))
			continue
		case !ok:
			i++
			continue
		case i == base.off:
			base, q.anchored = place{r.end, r.last}, true
		}
		list = append(list, r)
		due = place{r.end, r.last}
		i = r.end
	}
	return list
}

// between returns which LSNs a record at off can have: one record or more lie
// between base and it.
func (q *search) between(base place, off int) (lo, hi uint64) {
	if !q.anchored {
		return base.lsn + 1, math.MaxUint64
	}
	return base.lsn + 2, base.lsn + 1 + uint64((off-base.off)/recordOverhead)
}

// skip returns how far behind off the bad record there ends, if its header and what
// follows say so: what lies in it is no record then. Else it returns 0.
func (q *search) skip(off int, lsn uint64) int {
	b := q.b[off:]
	if len(b) < recordOverhead {
		return 0
	}
	h := parseRecordHeader(b)
	end := h.size()
	if h.lsn != lsn || h.length > MaxRecordSize || end > int64(len(b)) || b[end-1] != endMark {
		return 0
	}
	if _, ok := q.good(off+int(end), lsn+1, lsn+1); ok || allZero(b[end:]) {
		return int(end)
	}
	return 0
}

// runAt returns the stretch of good records that begins at off with an LSN from lo
// to hi.
func (q *search) runAt(off int, lo, hi uint64) (r run, ok bool) {
	end, ok := q.good(off, lo, hi)
	if !ok {
		return r, false
	}
	r.off, r.first = off, parseRecordHeader(q.b[off:]).lsn
	for r.last = r.first; ok; {
		r.end = end
		if end, ok = q.good(end, r.last+1, r.last+1); ok {
			r.last++
		}
	}
	return r, true
}

// good tells whether there is a good record at off with an LSN from lo to hi, and
// where it ends.
func (q *search) good(off int, lo, hi uint64) (end int, ok bool) {
	if off+recordOverhead > len(q.b) || q.budget <= 0 {
		return 0, false
	}
	h := parseRecordHeader(q.b[off:])
	size := h.size()
	if h.lsn < lo || h.lsn > hi || q.limit > 0 && h.lsn >= q.limit || h.durable >= h.lsn ||
		h.length > MaxRecordSize || size > int64(len(q.b)-off) {
		return 0, false
	}
	q.budget -= int(size)
	end = off + int(size)
	return end, recordChecksum(q.b[off:end]) == h.checksum
}

// best returns those runs that can all be true and have the most bytes together.
func (q *search) best(runs []run) []run {
	sum := make([]int, len(runs))    // bytes of the best choice that ends with a run
	before := make([]int, len(runs)) // the run before it in that choice, -1 = none
	top := -1
	for i, r := range runs {
		before[i] = -1
		if !q.follows(place{0, q.after}, r) {
			sum[i] = -1
		}
		for j := range i {
			if sum[j] > max(0, sum[i]) && q.follows(place{runs[j].end, runs[j].last}, r) {
				sum[i], before[i] = sum[j], j
			}
		}
		if sum[i] < 0 {
			continue
		}
		if sum[i] += r.end - r.off; top < 0 || sum[i] > sum[top] {
			top = i
		}
	}
	var list []run
	for ; top >= 0; top = before[top] {
		list = append(list, runs[top])
	}
	slices.Reverse(list)
	return list
}

func (q *search) follows(p place, r run) bool {
	if r.off == p.off {
		return r.first > p.lsn
	}
	lo, hi := q.between(p, r.off)
	return r.off > p.off && r.first >= lo && r.first <= hi
}

// ReadAround reads n bytes of f from off on. Where the disk refuses, zeros take the
// place of the sectors.
func ReadAround(f io.ReaderAt, off, n int64) []byte {
	b := make([]byte, n)
	for at := int64(0); at < n; {
		got, err := f.ReadAt(b[at:], off+at)
		at += int64(got)
		if errors.Is(err, io.EOF) {
			return b[:at] // it has become shorter
		}
		if err != nil {
			at = min(n, (off+at)/sectorSize*sectorSize+sectorSize-off)
		}
	}
	return b
}
