package engine

import (
	"errors"
	"maps"
	"slices"
	"unsafe"

	"owlcache/wal"
)

// foldBudget is how much of the log one pass of a checkpoint holds in memory, in
// bytes. A longer log is folded in several passes.
const foldBudget = 64 << 20

// foldedOverhead is what a key costs besides its bytes.
const foldedOverhead = int64(unsafe.Sizeof(record{})) + 64

// folded is what a part of the log comes to: the last state of each key in it.
type folded struct {
	last  uint64 // the part ends with this LSN
	clock uint64 // greatest version time in it
	keys  map[string]*record
	bytes int64
}

// foldLog reads the log behind LSN from, up to target or until the budget is used.
func foldLog(fs wal.FS, dir string, from, target uint64, budget int64) (f *folded, err error) {
	r, err := wal.NewReader(fs, dir, from)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	f = &folded{last: from, keys: make(map[string]*record)}
	for f.last < target && f.bytes < budget && r.Next() {
		if err := eachRecord(r.Record(), func(rec *record) error { f.take(rec); return nil }); err != nil {
			return nil, &CorruptError{Path: r.Segment(), Offset: r.Offset(), Reason: err.Error()}
		}
		f.last = r.LSN()
	}
	return f, r.Err()
}

// take adds one operation, which the log has behind all those before.
func (f *folded) take(r *record) {
	f.clock = max(f.clock, r.version.Time)
	old, ok := f.keys[string(r.key)]
	switch {
	case !ok:
		f.put(r)
	case r.version.Compare(old.version) < 0: // a replica's write that lost
	case r.kind == recordExpire && old.kind == recordDelete:
	case r.kind == recordExpire:
		old.version, old.expires = r.version, r.expires
	default:
		f.bytes -= int64(len(old.key)+len(old.value)) + foldedOverhead
		f.put(r)
	}
}

// put keeps a copy of r: the reader's memory is used again.
func (f *folded) put(r *record) {
	c := *r
	c.key, c.value = slices.Clone(r.key), slices.Clone(r.value)
	f.keys[string(c.key)] = &c
	f.bytes += int64(len(c.key)+len(c.value)) + foldedOverhead
}

// sorted returns the operations by key: bbolt writes each page once.
func (f *folded) sorted() []*record {
	names := slices.Sorted(maps.Keys(f.keys))
	list := make([]*record, len(names))
	for i, name := range names {
		list[i] = f.keys[name]
	}
	return list
}
