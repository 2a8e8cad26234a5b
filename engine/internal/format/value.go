package format

import (
	"errors"
	"fmt"
	"hash/crc32"
)

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
