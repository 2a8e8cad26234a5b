package engine

import (
	"context"
	"slices"
	"time"
)

// sweepBatch is how many entries one submission of the sweeper drops at most.
const sweepBatch = 512

// sweep removes what is expired, and tombstones that are old enough, until ctx
// ends. Readers do not wait for it: an expired entry is absent for them at once.
func (s *Store) sweep(ctx context.Context) {
	tick := time.NewTicker(s.opts.SweepInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.sweepOnce(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// sweepOnce looks at all entries. What it finds goes through the log, so that the
// snapshot loses it too.
func (s *Store) sweepOnce(ctx context.Context) {
	for i := range s.shards.list {
		if State(s.committer.state.Load()) != Writable {
			return // later: what is expired does no harm
		}
		ops := s.sweepable(&s.shards.list[i])
		for len(ops) > 0 && ctx.Err() == nil {
			n := min(len(ops), sweepBatch)
			if err := s.submit(&submission{ops: ops[:n:n], done: make(chan struct{}, 1)}); err != nil {
				return // the committer has logged why
			}
			ops = ops[n:]
		}
	}
}

// sweepable returns the operations that drop what a shard need not keep.
func (s *Store) sweepable(sh *shard) (ops []Op) {
	if c, _ := sh.stats(); c.expiring == 0 && c.tombstones == 0 {
		return nil
	}
	now := time.Now()
	forget := hybrid(now.Add(-s.opts.TombstoneGrace)) >> 16
	sh.eachChunk(func(e *entry) {
		if e.live(now.UnixMilli()) || e.deleted && max(e.version.Time>>16, uint64(e.expires)) > forget {
			return
		}
		ops = append(ops, Op{Kind: purge, Key: slices.Clone(e.key), Version: e.version})
	})
	return ops
}
