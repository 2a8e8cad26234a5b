package engine

import (
	"slices"
	"time"

	"owlcache/engine/internal/format"
)

// Forget drops each entry that is named by its key hash and exactly its version: what a
// group has deleted while this node was away. Tombstones of the same version take their
// places, and are kept for Options.TombstoneGrace from now on. Items that name nothing,
// or a tombstone, are passed over. It returns how many entries were dropped, durably as
// Options.Sync says; with an error, the rest is not done. The change feed does not carry
// it.
func (s *Store) Forget(items []Item) (dropped int, err error) {
	ops := s.forgettable(items, time.Now().UnixMilli())
	for ; len(ops) > 0; ops = ops[min(len(ops), sweepBatch):] {
		batch := ops[:min(len(ops), sweepBatch)]
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

// forgettable returns the operations that drop what items name.
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
