package format

import (
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
	"time"
)

// The snapshot is a bbolt file with two buckets:
//
//	kv    key → value, see EncodeValue
//	meta  names → decimal text: format, lsn, clock, node (hexadecimal), keys, bytes,
//	      saved (RFC 3339), crc (hexadecimal, see metaChecksum)
//
// lsn says which part of the log the file covers. It is written in the last
// transaction of a checkpoint; those before it only make entries newer, which
// replaying the log from the old lsn makes them again.
const (
	BucketKV   = "kv"
	BucketMeta = "meta"
)

const snapshotFormat = 1

// SnapshotMeta is the bucket meta.
type SnapshotMeta struct {
	LSN   uint64
	Clock uint64 // greatest version time in the file
	Node  uint64 // the node that wrote the file
	Keys  int64  // tombstones included
	Bytes int64  // of keys and values
	Saved time.Time
}

type metaField struct{ name, value string }

// fields returns the content of the bucket, but for the checksum.
func (m *SnapshotMeta) fields() []metaField {
	return []metaField{
		{"format", strconv.Itoa(snapshotFormat)},
		{"lsn", strconv.FormatUint(m.LSN, 10)},
		{"clock", strconv.FormatUint(m.Clock, 10)},
		{"node", fmt.Sprintf("%016x", m.Node)},
		{"keys", strconv.FormatInt(m.Keys, 10)},
		{"bytes", strconv.FormatInt(m.Bytes, 10)},
		{"saved", m.Saved.UTC().Format(time.RFC3339Nano)},
	}
}

// metaChecksum is the CRC32C of the fields as lines of name=value, in their order.
func metaChecksum(fields []metaField) string {
	crc := uint32(0)
	for _, f := range fields {
		crc = crc32.Update(crc, crc32.MakeTable(crc32.Castagnoli), []byte(f.name+"="+f.value+"\n"))
	}
	return fmt.Sprintf("%08x", crc)
}

// EachField calls put with the names and values of the bucket, until that fails.
func (m *SnapshotMeta) EachField(put func(name, value []byte) error) error {
	fields := m.fields()
	for _, f := range append(fields, metaField{"crc", metaChecksum(fields)}) {
		if err := put([]byte(f.name), []byte(f.value)); err != nil {
			return err
		}
	}
	return nil
}

// Count adds n times an entry to what the file holds.
func (m *SnapshotMeta) Count(e *Entry, n int64) {
	m.Keys += n
	m.Bytes += n * int64(len(e.Key)+len(e.Value))
}

// ParseMeta reads the bucket meta, of which get returns the values.
func ParseMeta(get func(name []byte) []byte) (m SnapshotMeta, err error) {
	var errs []error
	number := func(name string, base int) uint64 {
		n, err := strconv.ParseUint(string(get([]byte(name))), base, 64)
		if err != nil {
			errs = append(errs, fmt.Errorf("bucket meta: %s: %w", name, err))
		}
		return n
	}
	format := number("format", 10)
	m = SnapshotMeta{LSN: number("lsn", 10), Clock: number("clock", 10), Node: number("node", 16),
		Keys: int64(number("keys", 10)), Bytes: int64(number("bytes", 10))}
	if m.Saved, err = time.Parse(time.RFC3339Nano, string(get([]byte("saved")))); err != nil {
		errs = append(errs, fmt.Errorf("bucket meta: %s: %w", "saved", err))
	}
	if err := errors.Join(errs...); err != nil {
		return m, err
	}
	fields := m.fields()
	fields[0].value = string(get([]byte("format")))
	switch {
	case metaChecksum(fields) != string(get([]byte("crc"))):
		return m, errors.New("bucket meta: wrong checksum")
	case format > snapshotFormat:
		return m, fmt.Errorf("snapshot of format %d: %w", format, ErrNewerFormat)
	case format != snapshotFormat:
		return m, fmt.Errorf("bucket meta: there is no format %d", format)
	}
	return m, nil
}
