package engine

import (
	"context"
	"errors"
	"time"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
	"owlcache/engine/internal/memory"
	"owlcache/engine/internal/snapshot"
	"owlcache/wal"
)

// Open recovers the store in dir and starts it: it takes over a 0.5.1 file, loads
// the snapshot, replays the log behind it and begins a new segment. Damage that no
// crash explains is a *CorruptError and changes nothing. ctx ends a long load; it
// has no meaning after Open has returned. dir must stay open until Close.
func Open(ctx context.Context, dir *datadir.Dir, opts Options) (*Store, error) {
	start := time.Now()
	opts, policy, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Store{
		opts: opts, dir: dir, table: memory.New(),
		clock:     clock{node: dir.NodeID()},
		retention: retention{grace: opts.TombstoneGrace, every: opts.SweepInterval},
		fsync:     newHistogram(50e-6, 100e-6, 200e-6, 500e-6, 1e-3, 2e-3, 5e-3, 10e-3, 20e-3, 50e-3, 100e-3, 500e-3, 1),
	}
	s.pool.New = func() any { return &submission{done: make(chan struct{}, 1)} }
	if s.recovery.Legacy, err = s.takeOver(); err != nil {
		return nil, err
	}
	meta, err := s.load(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.openLog(ctx, policy, meta.LSN); err != nil {
		return nil, format.AsCorrupt(err)
	}
	s.clock.recovered = Recovered{LSN: s.log.LastLSN(), Version: s.clock.last.Load()}
	s.clock.recovered.Start = s.clock.tick(time.Now()).Time
	s.clock.applied.Store(s.clock.recovered.Start)
	s.recovery.SnapshotLSN = meta.LSN
	s.recovery.Duration = time.Since(start)
	if err := s.start(meta); err != nil {
		return nil, err
	}
	return s, nil
}

// load puts all entries of the snapshot into the table. Those that have expired are loaded
// too: the log may hold a later expiry for them.
func (s *Store) load(ctx context.Context) (format.SnapshotMeta, error) {
	meta, err := snapshot.Load(ctx, s.snapshotPath(), func(e *Entry) {
		s.table.Apply(&format.Record{Kind: format.RecordSet, Entry: *e})
		s.clock.observe(e.Version)
	}, func(done, total int64) {
		s.opts.Progress(Progress{Phase: "snapshot", Done: done, Total: total, Unit: "keys"})
	})
	s.clock.observe(Version{Time: meta.Clock})
	s.recovery.SnapshotKeys = meta.Keys
	return meta, err
}

func (s *Store) snapshotPath() string { return s.dir.File(datadir.SnapshotFile) }
func (s *Store) logPath() string      { return s.dir.File(datadir.LogDir) }

// progressEvery is after how many records progress is told.
const progressEvery = 8192

func (s *Store) openLog(ctx context.Context, policy wal.SyncPolicy, from uint64) error {
	logOpts := wal.Options{
		Dir: s.logPath(), SegmentSize: s.opts.SegmentSize, Sync: policy, FS: s.opts.logFS,
		OnSync: func(d time.Duration) { s.fsync.observe(d.Seconds()) },
	}
	total, err := datadir.FilesSize(s.logPath())
	if err != nil {
		return err
	}
	var bytes int64
	log, rec, err := wal.Open(logOpts, from, func(_ uint64, payload []byte) error {
		s.recovery.LogRecords++
		bytes += int64(len(payload))
		if s.recovery.LogRecords%progressEvery == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			s.opts.Progress(Progress{Phase: "log", Done: min(bytes, total), Total: total, Unit: "bytes"})
		}
		return s.replay(payload)
	})
	if err != nil {
		return err
	}
	s.log = log
	s.recovery.TornBytes = rec.TornBytes
	if rec.TornBytes > 0 {
		s.opts.Logger.Warn("the log ended in the middle of a write that was never acknowledged: cut off",
			"bytes", rec.TornBytes, "found", rec.TornWhy, "copy", rec.Broken)
	}
	return nil
}

func (s *Store) replay(payload []byte) error {
	err := format.EachRecord(payload, func(r *format.Record) error {
		s.recovery.LogOps++
		s.clock.observe(r.Version)
		s.table.Apply(r)
		return nil
	})
	if err != nil {
		return &CorruptError{Path: s.logPath(), Offset: -1, Reason: err.Error()}
	}
	return nil
}

func (s *Store) start(meta format.SnapshotMeta) error {
	s.committer = &committer{
		log: s.log, table: s.table, clock: &s.clock, feed: &s.feed, logger: s.opts.Logger,
		retention:  s.retention,
		queue:      make(chan *submission, queueLength),
		done:       make(chan struct{}),
		batchSizes: newHistogram(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024),
	}
	folder, err := newFolder(s.log, s.opts.logFS, s.dir, meta.LSN, func() int64 {
		_, mem := s.table.Stats()
		return foldBudget + mem/foldPart
	})
	if err != nil {
		return errors.Join(err, s.log.Close())
	}
	s.checkpoint = &checkpointer{
		folder: folder, logger: s.opts.TaskLogger,
		logBytes: s.opts.CheckpointLogBytes, interval: s.opts.CheckpointInterval, compactAbove: s.opts.compactAbove,
		state: CheckpointStats{Time: meta.Saved},
	}
	s.running, s.stop = context.WithCancel(context.Background())
	go s.committer.run()
	s.background.Go(func() { s.sweep(s.running) })
	s.background.Go(func() { s.checkpoint.run(s.running) })
	return nil
}
