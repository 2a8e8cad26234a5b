package engine

import (
	"context"
	"slices"
	"time"

	"owlcache/engine/internal/format"
	"owlcache/engine/internal/memory"
)

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

// retention is how long a store remembers what is gone, so that no replica brings it
// back. Nodes with the same settings and right clocks forget an entry at the same instant:
// all judge as of the last multiple of the sweeper's interval.
type retention struct {
	grace time.Duration // 0 = nothing is remembered
	every time.Duration // interval of the sweeper
}

// tick returns the last instant up to now at which sweepers are due.
func (r retention) tick(now time.Time) time.Time {
	n := max(0, now.UnixNano())
	return time.Unix(0, n-n%int64(r.every))
}

// over tells whether at an instant, in Unix milliseconds, an entry has been gone for as
// long as it is remembered. Nothing is over while nothing is remembered.
func (r retention) over(e *format.Entry, at int64) bool {
	return r.grace > 0 && !e.Live(at) && max(int64(e.Version.Time>>16), e.Expires) <= at-r.grace.Milliseconds()
}
