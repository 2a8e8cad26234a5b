package engine

import (
	"context"
	"slices"
	"time"

	"owlcache/engine/internal/memory"
)

// sweepBatch is how many entries one submission drops at most.
const sweepBatch = 512

// sweep removes what is expired, and tombstones that are old enough, until ctx
// ends. Readers do not wait for it: an expired entry is absent for them at once.
func (s *Store) sweep(ctx context.Context) {
	r := s.retention
	if r.grace > 0 {
		// What was due while the store was closed: other nodes have dropped it already.
		s.sweepOnce(ctx, r.tick(time.Now()))
	}
	for {
		now := time.Now()
		// The wall clock says when the next sweep is due, the timer goes by the monotonic
		// one: wherever the former jumps to, the wait is no longer than the interval.
		wait := time.NewTimer(min(r.every, r.tick(now).Add(r.every).Sub(now)))
		select {
		case <-wait.C:
			s.sweepOnce(ctx, r.tick(time.Now()))
		case <-ctx.Done():
			wait.Stop()
			return
		}
	}
}

// sweepOnce looks at all entries as of an instant. What it finds goes through the
// log, so that the snapshot loses it too.
func (s *Store) sweepOnce(ctx context.Context, at time.Time) {
	start, dropped := time.Now(), 0
	for i := range memory.Shards {
		if State(s.committer.state.Load()) != Writable {
			return // later: what is expired does no harm
		}
		ops := s.sweepable(s.table.Shard(i), at.UnixMilli())
		for ; len(ops) > 0 && ctx.Err() == nil; ops = ops[min(len(ops), sweepBatch):] {
			batch := ops[:min(len(ops), sweepBatch)]
			if err := s.submit(newSubmission(batch)); err != nil {
				return // the committer has logged why
			}
			dropped += len(batch)
		}
	}
	logDone(s.opts.TaskLogger, "sweep", start, "entries", dropped)
}

// sweepable returns the operations that drop what a shard need not keep at an instant.
func (s *Store) sweepable(sh *memory.Shard, at int64) (ops []Op) {
	if c, _ := sh.Stats(); c.Expiring == 0 && c.Tombstones == 0 {
		return nil
	}
	sh.Each(func(e *Entry) {
		if e.Live(at) || e.Tombstone && s.retention.grace > 0 && !s.retention.over(e, at) {
			return
		}
		ops = append(ops, Op{Kind: purge, Key: slices.Clone(e.Key), Version: e.Version, Expires: at})
	})
	return ops
}
