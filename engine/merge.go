package engine

import (
	"errors"
	"slices"
	"time"

	"owlcache/engine/internal/format"
)

// Bounds of one submission of a merge, so that local writes do not wait long behind it.
const (
	mergeBatch = 4096    // entries
	mergeBytes = 4 << 20 // exceeded by at most one entry
)

// Merged tells what has become of the entries of a Merge.
type Merged struct {
	Taken   int
	Stale   int // not newer than what is here, or gone for longer than the grace
	Skewed  int // made by a clock that is ahead
	Invalid int // malformed, or too large for this store
}

// Merge takes over entries of another node, each if it is newer than what is here. What
// it counts as taken is durable as Options.Sync says; with an error, the rest is not
// done. Left out are malformed entries; those that are more than half a second ahead of
// the local clock, in their version or, for a tombstone, in the expiry that it stands
// for; and tombstones and expired entries that Options.TombstoneGrace has ended for. A
// Merge is not one commit: a crash can leave a part of it. The change feed does not
// carry merged entries. Keys and values are only read, and only until Merge returns.
func (s *Store) Merge(entries []Entry) (Merged, error) {
	var m Merged
	ops := make([]Op, 0, min(len(entries), mergeBatch))
	size := 0
	flush := func() error {
		err := s.submit(newSubmission(ops))
		if err == nil {
			m.count(ops)
		}
		ops, size = ops[:0], 0
		return err
	}
	for i := range entries {
		op := mergeOp(&entries[i])
		if entries[i].Version.IsZero() || s.check(&op) != nil {
			m.Invalid++
			continue
		}
		ops = append(ops, op)
		size += format.RecordLen(op.Key, op.Value)
		if len(ops) == mergeBatch || size >= mergeBytes {
			if err := flush(); err != nil {
				return m, err
			}
		}
	}
	return m, flush()
}

func mergeOp(e *Entry) Op {
	op := Op{Kind: mergeSet, Key: e.Key, Value: e.Value, Expires: e.Expires, Version: e.Version, Created: e.Created}
	if e.Tombstone {
		op.Kind, op.Value = mergeDelete, nil
	}
	return op
}

func (m *Merged) count(ops []Op) {
	for i := range ops {
		switch err := ops[i].Err; {
		case err == nil:
			m.Taken++
		case errors.Is(err, ErrClockSkew):
			m.Skewed++
		default:
			m.Stale++
		}
	}
}

func (c *committer) decideMerge(op *Op, cur *pendingEntry, now time.Time) (r format.Record, size int, err error) {
	r.Key, r.Kind, r.Version, r.Tombstone = op.Key, format.RecordSet, op.Version, op.Kind == mergeDelete
	r.Value, r.Created, r.Expires = op.Value, op.Created, op.Expires
	remembered := c.retention.grace > 0
	// The tombstone of an expiry that is ahead: the entry is live yet.
	early := remembered && r.Tombstone && tooFarAhead(r.Expires, now)
	if early || tooFarAhead(int64(r.Version.Time>>16), now) {
		c.skewed.Add(1)
		return r, 0, ErrClockSkew
	}
	c.clock.observe(op.Version)
	if cur.there && !r.Supersedes(&cur.Entry) || c.retention.over(&r.Entry, c.tick) {
		return r, 0, ErrVersion
	}
	switch {
	case r.Tombstone && remembered:
		r.Kind = format.RecordTombstone
	case r.Tombstone && !cur.there:
		return r, 0, ErrNotFound
	case r.Tombstone:
		r.Kind, r.Tombstone = format.RecordDelete, false
	}
	return r, len(r.Value), nil
}

// Forget drops each entry that is named by its key hash and exactly its version: what a
// group has deleted while this node was away. Tombstones of the same version take their
// places, and are kept for Options.TombstoneGrace from now on. Items that name nothing,
// or a tombstone, are passed over. It returns how many entries were dropped, durably as
// Options.Sync says; with an error, the rest is not done. The change feed does not carry
// it.
func (s *Store) Forget(items []Item) (dropped int, err error) {
	for batch := range slices.Chunk(s.forgettable(items, time.Now().UnixMilli()), sweepBatch) {
		if err := s.submit(newSubmission(batch)); err != nil {
			return dropped, err
		}
		for i := range batch {
			if batch[i].Err == nil {
				dropped++
			}
		}
	}
	return dropped, nil
}

func (s *Store) forgettable(items []Item, now int64) (ops []Op) {
	items = slices.Clone(items)
	slices.SortFunc(items, compareItems)
	hashes := make([]uint64, len(items))
	for i := range items {
		hashes[i] = items[i].Hash
	}
	s.table.Find(hashes, func(keyHash uint64, e *Entry) bool {
		if _, ok := slices.BinarySearchFunc(items, Item{Hash: keyHash, Version: e.Version}, compareItems); ok {
			ops = append(ops, Op{Kind: forget, Key: slices.Clone(e.Key), Version: e.Version, Expires: now})
		}
		return true
	})
	return ops
}

// decideForget drops an entry of exactly op's version. The instant says from when on
// the tombstone is kept.
func (c *committer) decideForget(op *Op, cur *pendingEntry) (r format.Record, size int, err error) {
	if !cur.there || cur.Tombstone || cur.Version != op.Version {
		return r, 0, ErrVersion
	}
	r.Key, r.Kind, r.Version = op.Key, format.RecordDelete, cur.Version
	if c.retention.grace > 0 {
		r.Kind, r.Tombstone = format.RecordTombstone, true
		r.Created, r.Expires = cur.Created, op.Expires
	}
	return r, 0, nil
}
