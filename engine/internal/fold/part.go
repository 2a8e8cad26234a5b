package fold

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"slices"

	"owlcache/engine/internal/format"
	"owlcache/wal"
)

// Part is a part of the log, sorted by key: a copy of the operations, one behind
// the other, and where each of them begins. Neither has a pointer per operation.
type Part struct {
	LastLSN uint64 // the part ends with this LSN
	Clock   uint64 // greatest version time in it
	buf     []byte
	refs    []ref
}

// ref points to an operation. The first bytes of the key, in big-endian order,
// decide most comparisons.
type ref struct {
	prefix uint64
	off    int
}

const refSize = 16

// Read reads the log behind LSN from, up to target or until the budget is used.
// It is about size bytes long.
func Read(fs wal.ReadFS, dir string, from, target uint64, size, budget int64) (p *Part, err error) {
	r, err := wal.NewReader(fs, dir, from)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	p = &Part{LastLSN: from, buf: make([]byte, 0, min(size, budget))}
	for p.LastLSN < target && p.Size() < budget && r.Next() {
		if err := format.EachRecord(r.Record(), func(rec *format.Record) error { p.Add(rec); return nil }); err != nil {
			return nil, &format.CorruptError{Path: r.Segment(), Offset: r.Offset(), Reason: err.Error()}
		}
		p.LastLSN = r.LSN()
	}
	p.Sort()
	return p, r.Err()
}

// Size returns how many bytes the part takes.
func (p *Part) Size() int64 { return int64(len(p.buf) + len(p.refs)*refSize) }

// Len returns how many operations there are.
func (p *Part) Len() int { return len(p.refs) }

// Reset drops all operations, and keeps the room.
func (p *Part) Reset() { p.buf, p.refs = p.buf[:0], p.refs[:0] }

// Add copies one operation, which the log has behind all those before.
func (p *Part) Add(r *format.Record) {
	p.Clock = max(p.Clock, r.Version.Time)
	var prefix [8]byte
	copy(prefix[:], r.Key)
	p.refs = append(p.refs, ref{prefix: binary.BigEndian.Uint64(prefix[:]), off: len(p.buf)})
	p.buf = r.AppendTo(p.buf)
}

// Record returns an operation: the i-th by key once the part is sorted.
func (p *Part) Record(i int) format.Record {
	r, _, err := format.ParseRecord(p.buf[p.refs[i].off:])
	if err != nil {
		panic("engine: a copied record cannot be read: " + err.Error())
	}
	return r
}

func (p *Part) key(off int) []byte { return format.RecordKey(p.buf[off:]) }

// Sort orders the operations by key, and those of one key as the log has them.
func (p *Part) Sort() {
	slices.SortFunc(p.refs, func(a, b ref) int {
		if c := cmp.Compare(a.prefix, b.prefix); c != 0 {
			return c
		}
		if c := bytes.Compare(p.key(a.off), p.key(b.off)); c != 0 {
			return c
		}
		return cmp.Compare(a.off, b.off)
	})
}

// Next returns what the operations on the key at refs[i] come to, and where those
// of the next key begin.
func (p *Part) Next(i int) (o Outcome, end int) {
	o.Key = p.key(p.refs[i].off)
	for end = i; end < len(p.refs) && bytes.Equal(o.Key, p.key(p.refs[end].off)); end++ {
		o.Take(p.Record(end))
	}
	return o, end
}

// Outcome is what the operations on one key come to.
type Outcome struct {
	Key    []byte
	Forget format.Version // first the entry goes, if it is not newer than this
	Record format.Record  // then this is applied
	There  bool           // whether there is a record
}

// Take does with one operation on the key what the map does.
func (o *Outcome) Take(r format.Record) {
	switch {
	case r.Kind == format.RecordDelete:
		if r.Version.Compare(o.Forget) > 0 {
			o.Forget = r.Version
		}
		if o.There && o.Record.Version.Compare(r.Version) <= 0 {
			o.There = false
		}
	case !o.There:
		o.Record, o.There = r, true
	case r.Kind == format.RecordExpire:
		if !o.Record.Tombstone && r.Version.Compare(o.Record.Version) > 0 {
			o.Record.Version, o.Record.Expires = r.Version, r.Expires
		}
	case r.Supersedes(&o.Record.Entry):
		o.Record = r
	}
}

// Apply returns what the operations make of the entry old, nil for nothing. It is old
// itself if they change nothing.
func (o *Outcome) Apply(old *format.Entry) *format.Entry {
	if old != nil && old.Version.Compare(o.Forget) <= 0 {
		old = nil
	}
	r := &o.Record
	switch {
	case old == nil && (!o.There || r.Kind == format.RecordExpire):
		return nil
	case old == nil:
		return &r.Entry
	case !o.There, !r.Supersedes(old), r.Kind == format.RecordExpire && old.Tombstone:
		return old
	case r.Kind == format.RecordExpire:
		moved := *old
		moved.Version, moved.Expires = r.Version, r.Expires
		return &moved
	}
	return &r.Entry
}
