package engine

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"owlcache/engine/internal/snapshot"
)

type checkpointer struct {
	folder *folder
	logger *slog.Logger

	logBytes     int64
	interval     time.Duration
	compactAbove int64

	folding sync.Mutex // held while folding
	mu      sync.Mutex // protects state
	state   CheckpointStats
}

// checkEvery is how often the size of the log is looked at. After a failure it is
// left alone for a time that doubles with each one.
const (
	checkEvery = 100 * time.Millisecond
	retryMin   = time.Second
	retryMax   = time.Minute
)

func (c *checkpointer) run(ctx context.Context) {
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	last, notBefore, pause := time.Now(), time.Time{}, retryMin
	var warned time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if time.Now().Before(notBefore) || !c.due(time.Since(last)) {
			continue
		}
		err := c.fold(ctx)
		if errors.Is(err, snapshot.ErrBusy) {
			// The log grows until that ends.
			if now := time.Now(); now.Sub(warned) >= retryMax {
				c.logger.Warn("checkpoint put off: the snapshot is being read, by a backup perhaps", "snapshot", c.folder.path)
				warned = now
			}
			notBefore = time.Now().Add(retryMin)
			continue
		}
		last = time.Now()
		if err == nil {
			pause = retryMin
			continue
		}
		if ctx.Err() == nil {
			c.logger.Error("checkpoint failed: the log is kept, and it is tried again", "error", err, "pause", pause)
		}
		notBefore, pause = last.Add(pause), min(2*pause, retryMax)
	}
}

func (c *checkpointer) due(since time.Duration) bool {
	f := c.folder
	if f.log.Err() != nil || f.log.LastLSN() <= f.lsn.Load() {
		return false
	}
	if c.interval > 0 && since >= c.interval {
		return true
	}
	return f.sealedBytes() > max(c.logBytes, f.size.Load()/2)
}

func (c *checkpointer) stats() CheckpointStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	st := c.state
	st.LSN, st.FileBytes = c.folder.lsn.Load(), c.folder.size.Load()
	return st
}

func (c *checkpointer) update(f func(*CheckpointStats)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(&c.state)
}

// fold brings the snapshot up to the end of the log, and compacts it if that is worth it.
func (c *checkpointer) fold(ctx context.Context) error {
	c.folding.Lock()
	defer c.folding.Unlock()
	start := time.Now()
	err := c.folder.fold(ctx)
	if errors.Is(err, snapshot.ErrBusy) {
		return err
	}
	if err != nil {
		c.update(func(s *CheckpointStats) { s.Failed++ })
		return err
	}
	size := c.folder.size.Load()
	if size == 0 {
		return nil // nothing has ever been written
	}
	if size >= c.compactAbove {
		if err := c.compact(ctx, size); err != nil && ctx.Err() == nil {
			c.logger.Error("snapshot was not compacted", "error", err)
		}
	}
	c.update(func(s *CheckpointStats) {
		s.Done++
		s.Time, s.Duration = time.Now(), time.Since(start)
	})
	logDone(c.logger, "checkpoint", start, "keys", c.folder.keys, "lsn", c.folder.lsn.Load(), "bytes", c.folder.size.Load())
	return nil
}

func (c *checkpointer) compact(ctx context.Context, before int64) error {
	start := time.Now()
	done, _, err := snapshot.Compact(ctx, c.folder.path, snapshot.CompactOptions{HalfFree: true})
	if errors.Is(err, snapshot.ErrBusy) {
		return nil // the next checkpoint will do it
	}
	if err != nil || !done {
		return err
	}
	c.update(func(s *CheckpointStats) { s.Compacted++ })
	logDone(c.logger, "snapshot was compacted", start, "bytes_before", before)
	return c.folder.look()
}

// slowTask is how long a task in the background may take before that is worth a line by
// itself.
const slowTask = 10 * time.Second

// logDone logs that a task has been done since start, as Options.TaskLogger says.
func logDone(logger *slog.Logger, what string, start time.Time, args ...any) {
	level, took := slog.LevelDebug, time.Since(start)
	if took >= slowTask {
		level = slog.LevelInfo
	}
	logger.Log(context.Background(), level, what, append(args, "took", took)...)
}
