package wal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
	"time"
)

const (
	magic         = "OWLWAL\r\n"
	formatVersion = 1

	// HeaderSize is the length of a segment's header, in bytes.
	HeaderSize = 32

	recordHeaderSize = 24
	recordOverhead   = recordHeaderSize + 1 // header and end mark
	endMark          = 0xE5

	// MaxRecordSize is the greatest length of a record's payload, in bytes.
	MaxRecordSize = 64 << 20

	sectorSize = 512

	// SegmentSuffix ends the name of each segment.
	SegmentSuffix = ".wal"
	// BrokenSuffix is behind a segment's name in that of a copy of its torn end.
	BrokenSuffix = ".broken"

	tmpSuffix = ".tmp"
)

// Returned when a segment's header cannot be used, in the order of the checks.
var (
	errMagic    = errors.New("not a log segment (wrong magic)")
	errVersion  = errors.New("it has a newer format version than this program knows: use a newer owlcache")
	errChecksum = errors.New("segment header has a wrong checksum")
)

var le = binary.LittleEndian

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

type segmentHeader struct {
	first   uint64
	created time.Time
}

func (h segmentHeader) put(b []byte) {
	copy(b, magic)
	le.PutUint32(b[8:], formatVersion)
	le.PutUint64(b[16:], h.first)
	le.PutUint64(b[24:], uint64(h.created.UnixNano()))
	le.PutUint32(b[12:], headerChecksum(b))
}

func headerChecksum(b []byte) uint32 {
	crc := crc32.Update(0, castagnoli(), b[:12])
	return crc32.Update(crc, castagnoli(), b[16:HeaderSize])
}

func parseHeader(b []byte) (segmentHeader, error) {
	switch {
	case string(b[:8]) != magic:
		return segmentHeader{}, errMagic
	case le.Uint32(b[8:]) > formatVersion && le.Uint32(b[12:]) == headerChecksum(b):
		return segmentHeader{}, fmt.Errorf("%w: %d", errVersion, le.Uint32(b[8:]))
	case le.Uint32(b[8:]) != formatVersion, le.Uint32(b[12:]) != headerChecksum(b):
		return segmentHeader{}, errChecksum
	}
	return segmentHeader{
		first:   le.Uint64(b[16:]),
		created: time.Unix(0, int64(le.Uint64(b[24:]))),
	}, nil
}

type recordHeader struct {
	checksum uint32
	length   uint32
	lsn      uint64
	durable  uint64
}

func parseRecordHeader(b []byte) recordHeader {
	return recordHeader{
		checksum: le.Uint32(b),
		length:   le.Uint32(b[4:]),
		lsn:      le.Uint64(b[8:]),
		durable:  le.Uint64(b[16:]),
	}
}

func (h recordHeader) size() int64 { return recordOverhead + int64(h.length) }

// putRecordHeader fills the header of the record rec, whose payload and end mark
// are in place.
func putRecordHeader(rec []byte, lsn, durable uint64) {
	le.PutUint32(rec[4:], uint32(len(rec)-recordOverhead))
	le.PutUint64(rec[8:], lsn)
	le.PutUint64(rec[16:], durable)
	le.PutUint32(rec, recordChecksum(rec))
}

func recordChecksum(rec []byte) uint32 {
	return crc32.Checksum(rec[4:], castagnoli())
}

// SegmentName returns the file name of segment seq.
func SegmentName(seq uint64) string {
	return fmt.Sprintf("%016d%s", seq, SegmentSuffix)
}

// ParseSegmentName is the inverse of SegmentName. ok is false for any other name.
func ParseSegmentName(name string) (seq uint64, ok bool) {
	digits, ok := strings.CutSuffix(name, SegmentSuffix)
	if !ok {
		return 0, false
	}
	seq, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || seq == 0 || SegmentName(seq) != name {
		return 0, false
	}
	return seq, true
}
