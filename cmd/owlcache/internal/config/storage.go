package config

import (
	"time"

	"owlcache/engine"
)

// Storage is what is kept, and how.
type Storage struct {
	Dir               string // the data directory
	WALSync           string
	SegmentSize       int64
	CheckpointLogSize int64
	MaxValueSize      int
	TombstoneGrace    time.Duration
}

func (s *Storage) options() []Option {
	return []Option{
		{Name: "DBfile", Default: "./data/", kind: path(&s.Dir), Help: "data directory"},
		{Name: "WAL_Sync", Default: "always", kind: choice(&s.WALSync, "always", "everysec", "no"), Help: "when the log is made durable"},
		{Name: "WAL_SegmentSize", Default: "64MiB", kind: size(&s.SegmentSize, 64<<10, 1<<30), Help: "size of a log segment"},
		{Name: "Checkpoint_LogSize", Default: "64MiB", kind: size(&s.CheckpointLogSize, 64<<10, 1<<40), Help: "size of sealed log that causes a checkpoint"},
		{Name: "MaxValueSize", Default: "16MiB", kind: size(&s.MaxValueSize, 1, engine.MaxValueSize), Help: "largest value"},
		{Name: "Tombstone_Grace", Default: "3600", kind: span(&s.TombstoneGrace, "s", 1, maxSeconds), Help: "how long deleted keys are remembered for data sync"},
	}
}
