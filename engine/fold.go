package engine

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"slices"

	"owlcache/engine/internal/format"
	"owlcache/wal"
)

// foldBudget is how much of the log one pass of a checkpoint holds in memory, in
// bytes, plus a part of what the store itself takes: a larger pass writes fewer
// pages of the snapshot twice. A longer log is folded in several passes.
const (
	foldBudget = 64 << 20
	foldPart   = 8
)

// folded is a part of the log, sorted by key: a copy of the operations, one behind
// the other, and where each of them begins. Neither has a pointer per operation.
type folded struct {
	last  uint64 // the part ends with this LSN
	clock uint64 // greatest version time in it
	buf   []byte
	refs  []foldRef
}

// foldRef points to an operation. The first bytes of the key, in big-endian order,
// decide most comparisons.
type foldRef struct {
	prefix uint64
	off    int
}

// foldRefSize is what an operation takes besides its bytes.
const foldRefSize = 16

// foldLog reads the log behind LSN from, up to target or until the budget is used.
// It is about size bytes long.
func foldLog(fs wal.FS, dir string, from, target uint64, size, budget int64) (f *folded, err error) {
	r, err := wal.NewReader(fs, dir, from)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	f = &folded{last: from, buf: make([]byte, 0, min(size, budget))}
	for f.last < target && f.size() < budget && r.Next() {
		if err := format.EachRecord(r.Record(), func(rec *format.Record) error { f.add(rec); return nil }); err != nil {
			return nil, &format.CorruptError{Path: r.Segment(), Offset: r.Offset(), Reason: err.Error()}
		}
		f.last = r.LSN()
	}
	f.sort()
	return f, r.Err()
}

func (f *folded) size() int64 { return int64(len(f.buf) + len(f.refs)*foldRefSize) }

// add copies one operation, which the log has behind all those before.
func (f *folded) add(r *format.Record) {
	f.clock = max(f.clock, r.Version.Time)
	var prefix [8]byte
	copy(prefix[:], r.Key)
	f.refs = append(f.refs, foldRef{prefix: binary.BigEndian.Uint64(prefix[:]), off: len(f.buf)})
	f.buf = r.AppendTo(f.buf)
}

// at returns the operation that begins at off. It was parsed before.
func (f *folded) at(off int) format.Record {
	r, _, err := format.ParseRecord(f.buf[off:])
	if err != nil {
		panic("engine: a copied record cannot be read: " + err.Error())
	}
	return r
}

func (f *folded) key(off int) []byte { return format.RecordKey(f.buf[off:]) }

// sort orders the operations by key, and those of one key as the log has them.
func (f *folded) sort() {
	slices.SortFunc(f.refs, func(a, b foldRef) int {
		if c := cmp.Compare(a.prefix, b.prefix); c != 0 {
			return c
		}
		if c := bytes.Compare(f.key(a.off), f.key(b.off)); c != 0 {
			return c
		}
		return cmp.Compare(a.off, b.off)
	})
}

// outcome is what the operations on one key come to.
type outcome struct {
	key    []byte
	forget format.Version // first the entry goes, if it is not newer than this
	record format.Record  // then this is applied
	there  bool           // whether there is a record
}

// next returns what the operations on the key at refs[i] come to, and where those
// of the next key begin.
func (f *folded) next(i int) (o outcome, end int) {
	o.key = f.key(f.refs[i].off)
	for end = i; end < len(f.refs) && bytes.Equal(o.key, f.key(f.refs[end].off)); end++ {
		o.take(f.at(f.refs[end].off))
	}
	return o, end
}

// take does with one operation what the map does.
func (o *outcome) take(r format.Record) {
	switch {
	case r.Kind == format.RecordDelete:
		if r.Version.Compare(o.forget) > 0 {
			o.forget = r.Version
		}
		if o.there && o.record.Version.Compare(r.Version) <= 0 {
			o.there = false
		}
	case !o.there:
		o.record, o.there = r, true
	case r.Kind == format.RecordExpire:
		if !o.record.Tombstone && r.Version.Compare(o.record.Version) > 0 {
			o.record.Version, o.record.Expires = r.Version, r.Expires
		}
	case r.Supersedes(&o.record.Entry):
		o.record = r
	}
}
