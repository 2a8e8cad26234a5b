package engine

import (
	"errors"
	"fmt"

	"owlcache/wal"
)

// recordKind is what a record in the log says about a key.
type recordKind uint8

// The kinds are part of the format of the log: never renumber them.
const (
	recordSet       recordKind = 1 // the key has this value
	recordDelete    recordKind = 2 // nothing is kept of the key
	recordExpire    recordKind = 3 // the entry expires at another time
	recordTombstone recordKind = 4 // the key was deleted, which is remembered
)

// record is one operation as the log holds it: an absolute result, so that
// applying it twice is applying it once.
type record struct {
	kind recordKind
	entry
}

// The payload of a log record is one commit, which is one or more of these, so
// that a crash keeps all or nothing of it:
//
//	0  1  kind                    16  8  version node
//	1  1  reserved, 0             24  8  created, Unix ns
//	2  2  length k of the key     32  8  expires, Unix ms, 0 = never
//	4  4  length v of the value   40  k  key, then v bytes of value
//	8  8  version time
const recordFixed = 40

var errRecord = errors.New("malformed operation in a log record")

func recordLen(key, value []byte) int { return recordFixed + len(key) + len(value) }

func (r *record) appendTo(dst []byte) []byte {
	dst = append(dst, byte(r.kind), 0)
	dst = le.AppendUint16(dst, uint16(len(r.key)))
	dst = le.AppendUint32(dst, uint32(len(r.value)))
	dst = le.AppendUint64(dst, r.version.Time)
	dst = le.AppendUint64(dst, r.version.Node)
	dst = le.AppendUint64(dst, uint64(r.created))
	dst = le.AppendUint64(dst, uint64(r.expires))
	dst = append(dst, r.key...)
	return append(dst, r.value...)
}

// parseRecord reads the first operation of b and returns what follows it. Key and
// value are parts of b.
func parseRecord(b []byte) (r record, rest []byte, err error) {
	if len(b) < recordFixed {
		return r, nil, fmt.Errorf("%w: %d bytes are left", errRecord, len(b))
	}
	k, v := int(le.Uint16(b[2:])), int(le.Uint32(b[4:]))
	if k == 0 || k > MaxKeySize || v > MaxValueSize || len(b)-recordFixed < k+v {
		return r, nil, fmt.Errorf("%w: key of %d and value of %d bytes in %d", errRecord, k, v, len(b))
	}
	r = record{kind: recordKind(b[0]), entry: entry{
		version: Version{Time: le.Uint64(b[8:]), Node: le.Uint64(b[16:])},
		created: int64(le.Uint64(b[24:])),
		expires: int64(le.Uint64(b[32:])),
		key:     b[recordFixed : recordFixed+k],
		value:   b[recordFixed+k : recordFixed+k+v],
		deleted: recordKind(b[0]) == recordTombstone,
	}}
	if r.kind < recordSet || r.kind > recordTombstone || b[1] != 0 {
		return r, nil, fmt.Errorf("%w: unknown kind %d: written by a newer version?", errRecord, b[0])
	}
	return r, b[recordFixed+k+v:], nil
}

// eachRecord calls f with the operations of a log record.
func eachRecord(payload []byte, f func(r *record) error) error {
	for len(payload) > 0 {
		r, rest, err := parseRecord(payload)
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

// maxCommit is how many bytes the operations of one commit may take in the log.
const maxCommit = wal.MaxRecordSize
