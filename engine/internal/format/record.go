package format

import (
	"errors"
	"fmt"
)

// RecordKind is what a record in the log says about a key.
type RecordKind uint8

// The kinds are part of the format of the log: never renumber them.
const (
	RecordSet       RecordKind = 1 // the key has this value
	RecordDelete    RecordKind = 2 // nothing is kept of the key
	RecordExpire    RecordKind = 3 // the entry expires at another time
	RecordTombstone RecordKind = 4 // the key was deleted, which is remembered
)

// String returns the name by which tools show the kind.
func (k RecordKind) String() string {
	switch k {
	case RecordSet:
		return "set"
	case RecordDelete:
		return "delete"
	case RecordExpire:
		return "expire"
	case RecordTombstone:
		return "tombstone"
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Record is one operation as the log holds it: an absolute result, so that
// applying it twice is applying it once.
type Record struct {
	Kind RecordKind
	Entry
}

// Record returns the operation that puts e in the place of what is older.
func (e *Entry) Record() Record {
	if e.Tombstone {
		return Record{RecordTombstone, *e}
	}
	return Record{RecordSet, *e}
}

// RecordHeader is how many bytes of an operation are before its key. The payload of a log
// record is one commit, which is one or more operations, so that a crash keeps all or
// nothing of it:
//
//	0  1  kind                    16  8  version node
//	1  1  reserved, 0             24  8  created, Unix ns
//	2  2  length k of the key     32  8  expires, Unix ms, 0 = never
//	4  4  length v of the value   40  k  key, then v bytes of value
//	8  8  version time
const RecordHeader = 40

// ErrRecord is returned for bytes that are no operation.
var ErrRecord = errors.New("malformed operation in a log record")

// RecordLen returns what an operation takes.
func RecordLen(key, value []byte) int { return RecordHeader + len(key) + len(value) }

// AppendTo appends the operation to dst.
func (r *Record) AppendTo(dst []byte) []byte {
	dst = append(dst, byte(r.Kind), 0)
	dst = le.AppendUint16(dst, uint16(len(r.Key)))
	dst = le.AppendUint32(dst, uint32(len(r.Value)))
	dst = le.AppendUint64(dst, r.Version.Time)
	dst = le.AppendUint64(dst, r.Version.Node)
	dst = le.AppendUint64(dst, uint64(r.Created))
	dst = le.AppendUint64(dst, uint64(r.Expires))
	dst = append(dst, r.Key...)
	return append(dst, r.Value...)
}

// ParseRecord reads the first operation of b and returns what follows it. Key and
// value are parts of b.
func ParseRecord(b []byte) (r Record, rest []byte, err error) {
	if len(b) < RecordHeader {
		return r, nil, fmt.Errorf("%w: %d bytes are left", ErrRecord, len(b))
	}
	k, v := int(le.Uint16(b[2:])), int(le.Uint32(b[4:]))
	if k == 0 || k > MaxKeySize || v > MaxValueSize || len(b)-RecordHeader < k+v {
		return r, nil, fmt.Errorf("%w: key of %d and value of %d bytes in %d", ErrRecord, k, v, len(b))
	}
	r = Record{Kind: RecordKind(b[0]), Entry: Entry{
		Version:   Version{Time: le.Uint64(b[8:]), Node: le.Uint64(b[16:])},
		Created:   int64(le.Uint64(b[24:])),
		Expires:   int64(le.Uint64(b[32:])),
		Key:       b[RecordHeader : RecordHeader+k],
		Value:     b[RecordHeader+k : RecordHeader+k+v],
		Tombstone: RecordKind(b[0]) == RecordTombstone,
	}}
	if r.Kind < RecordSet || r.Kind > RecordTombstone || b[1] != 0 {
		return r, nil, fmt.Errorf("%w: unknown kind %d: written by a newer version?", ErrRecord, b[0])
	}
	return r, b[RecordHeader+k+v:], nil
}

// RecordSize returns what the operation takes that begins with a header.
func RecordSize(header []byte) int {
	return RecordHeader + int(le.Uint16(header[2:])) + int(le.Uint32(header[4:]))
}

// RecordKey returns the key of the operation that begins b. It was parsed before.
func RecordKey(b []byte) []byte {
	return b[RecordHeader : RecordHeader+int(le.Uint16(b[2:]))]
}

// EachRecord calls f with the operations of a log record.
func EachRecord(payload []byte, f func(r *Record) error) error {
	for len(payload) > 0 {
		r, rest, err := ParseRecord(payload)
		if err != nil {
			return err
		}
		if err := f(&r); err != nil {
			return err
		}
		payload = rest
	}
	return nil
}
