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

// A value in the bucket kv:
//
//	0  1  format version, 1          16  8  version node
//	1  1  flags: 1 = tombstone       24  8  created, Unix ns
//	2  2  reserved, 0                32  8  expires, Unix ms, 0 = never
//	4  4  CRC32C, see valueChecksum  40     value
//	8  8  version time
const (
	ValueHeader = 40 // bytes before the value

	valueFormat = 1
	valueDead   = 1
)

// valueChecksum covers the key and all of the value but the checksum itself.
func valueChecksum(key, v []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	crc := crc32.Update(0, table, key)
	crc = crc32.Update(crc, table, v[:4])
	return crc32.Update(crc, table, v[8:])
}

// EncodeValue returns what the bucket kv holds of e.
func EncodeValue(e *Entry) []byte {
	v := make([]byte, ValueHeader, ValueHeader+len(e.Value))
	v[0] = valueFormat
	if e.Tombstone {
		v[1] = valueDead
	}
	le.PutUint64(v[8:], e.Version.Time)
	le.PutUint64(v[16:], e.Version.Node)
	le.PutUint64(v[24:], uint64(e.Created))
	le.PutUint64(v[32:], uint64(e.Expires))
	v = append(v, e.Value...)
	le.PutUint32(v[4:], valueChecksum(e.Key, v))
	return v
}

// DecodeValue is the inverse of EncodeValue. The entry's value is a part of v.
func DecodeValue(key, v []byte) (e Entry, err error) {
	switch {
	case len(v) < ValueHeader:
		return e, fmt.Errorf("value of %d bytes is shorter than its header", len(v))
	case v[0] > valueFormat && valueChecksum(key, v) == le.Uint32(v[4:]):
		return e, fmt.Errorf("value of format %d: %w", v[0], ErrNewerFormat)
	case v[0] != valueFormat, valueChecksum(key, v) != le.Uint32(v[4:]):
		return e, errors.New("wrong checksum")
	}
	return Entry{
		Key: key, Value: v[ValueHeader:], Tombstone: v[1]&valueDead != 0,
		Version: Version{Time: le.Uint64(v[8:]), Node: le.Uint64(v[16:])},
		Created: int64(le.Uint64(v[24:])),
		Expires: int64(le.Uint64(v[32:])),
	}, nil
}
