package engine

import (
	"cmp"
	"fmt"
	"log/slog"
	"time"

	"owlcache/wal"

	"owlcache/engine/datadir"
)

// Options of a store. The zero value of each field is its default.
type Options struct {
	// MaxValueSize is the greatest length of a value in bytes, at most and by
	// default the constant of that name.
	MaxValueSize int
	// Sync is when writes are made durable: "always" (default), "everysec", "no".
	Sync string
	// SegmentSize is the size of a log segment in bytes; default 64 MiB.
	SegmentSize int64
	// CheckpointLogBytes is how many bytes of sealed log cause a checkpoint, if they
	// are also more than half of the snapshot; default 64 MiB.
	CheckpointLogBytes int64
	// CheckpointInterval is after what time a checkpoint is made if there is
	// anything to fold; 0 = by size only.
	CheckpointInterval time.Duration
	// SweepInterval is how often expired entries are removed, at multiples of it on the
	// wall clock; default one minute; math.MaxInt64 = never. Nodes that share data need
	// the same.
	SweepInterval time.Duration
	// TombstoneGrace is how long deleted and expired keys are remembered; 0 = not at all.
	// Nodes that share data need the same.
	TombstoneGrace time.Duration
	// Logger is told what goes wrong in the background; default: nobody.
	Logger *slog.Logger
	// TaskLogger is told how checkpoints and sweeps go: what fails at the levels warn and
	// error, what takes longer than ten seconds at info, all else that was done at debug.
	// Default: Logger.
	TaskLogger *slog.Logger
	// Progress, if set, is called now and then while Open loads, one call at a time.
	Progress func(Progress)

	// logFS is the file system of the log, for tests that inject faults.
	logFS wal.FS
	// compactAbove is the size in bytes below which the snapshot is not compacted.
	compactAbove int64
}

// Progress of a long load: Done of Total Units.
type Progress = datadir.Progress

func (o Options) withDefaults() (Options, wal.SyncPolicy, error) {
	o.MaxValueSize = cmp.Or(o.MaxValueSize, MaxValueSize)
	o.Sync = cmp.Or(o.Sync, wal.SyncAlways.String())
	o.CheckpointLogBytes = cmp.Or(o.CheckpointLogBytes, 64<<20)
	o.SweepInterval = cmp.Or(o.SweepInterval, time.Minute)
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	o.TaskLogger = cmp.Or(o.TaskLogger, o.Logger)
	o.compactAbove = cmp.Or(o.compactAbove, 4<<20)
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	if o.MaxValueSize < 1 || o.MaxValueSize > MaxValueSize {
		return o, 0, fmt.Errorf("engine: MaxValueSize %d: want 1 to %d bytes", o.MaxValueSize, MaxValueSize)
	}
	if o.CheckpointInterval < 0 || o.SweepInterval < 0 || o.TombstoneGrace < 0 || o.CheckpointLogBytes < 0 {
		return o, 0, fmt.Errorf("engine: an interval or a size is negative")
	}
	policy, err := wal.ParseSyncPolicy(o.Sync)
	if err != nil {
		return o, 0, fmt.Errorf("engine: %w", err)
	}
	return o, policy, nil
}
