package wal

import (
	"errors"
	"io"
)

// classify decides what a bad record at off in the last segment is: the torn end
// of a batch that nobody was told of, or damage to what was durable. lsn is the
// number that the record should have.
//
// It is damage if a record behind it says that lsn was durable when it was
// written; or if the record is wholly there, plausible, and neither its end nor
// any sector of it is missing, since a crash loses bytes and does not flip bits.
// Otherwise it is torn. The rule errs towards torn only where the last batch of a
// crashed process was hit, and then the bytes are still kept in the .broken copy.
func classify(f io.ReaderAt, size, off int64, lsn uint64) (torn bool, err error) {
	b := make([]byte, size-off)
	n, err := f.ReadAt(b, off)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	return isTorn(b[:n], off, lsn), nil
}

// isTorn is classify of the bytes from off to the end of the segment.
func isTorn(b []byte, off int64, lsn uint64) bool {
	return !hasWitness(b, lsn) && !isWhole(b, off, lsn)
}

// witnessBudget is how many bytes are checksummed in the search for a witness, as
// a multiple of those that are searched: content can be made to look like headers.
const witnessBudget = 8

// hasWitness looks for a good record behind the one at the start of b which was
// written when record lsn was already durable. It looks at each byte, since the bad
// one's length may be what is wrong, but not inside of what is a record.
func hasWitness(b []byte, lsn uint64) bool {
	budget := witnessBudget * len(b)
	for i := 1; i+recordOverhead <= len(b) && budget > 0; {
		h := parseRecordHeader(b[i:])
		// No more records than this can lie between.
		limit := lsn + uint64(i/recordOverhead)
		end := i + int(h.size())
		if h.lsn <= lsn || h.lsn > limit || h.durable >= h.lsn || h.length > MaxRecordSize || end > len(b) {
			i++
			continue
		}
		budget -= int(h.size())
		if recordChecksum(b[i:end]) != h.checksum {
			i++
			continue
		}
		if h.durable >= lsn {
			return true
		}
		i = end
	}
	return false
}

// isWhole tells whether the record at the start of b, at offset off of the file,
// has a plausible header and nothing of it missing.
func isWhole(b []byte, off int64, lsn uint64) bool {
	if len(b) < recordOverhead {
		return false
	}
	h := parseRecordHeader(b)
	end := h.size()
	if h.lsn != lsn || h.length > MaxRecordSize || end > int64(len(b)) {
		return false
	}
	for at := int64(0); at < end; {
		next := min(end, at+sectorSize-(off+at)%sectorSize)
		if allZero(b[at:next]) {
			return false
		}
		at = next
	}
	return b[end-1] == endMark // else the write ended early
}
