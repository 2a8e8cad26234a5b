package engine

import (
	"math"
	"slices"
	"sync/atomic"
	"time"
)

// Stats is a snapshot of a store's figures. Counters count since Open.
type Stats struct {
	Keys       int64 // live and not yet swept entries
	Expiring   int64 // of these, entries with an expiry
	Tombstones int64
	DataBytes  int64 // keys and values
	MemBytes   int64 // what shards hold in memory, index and free room included

	LSN        uint64 // last log record written
	LogBytes   int64  // size of all segments
	Segments   int
	Commits    uint64 // submissions that were written
	Ops        uint64 // operations applied by them
	Expired    uint64 // entries removed by the sweeper
	SkewDenied uint64 // remote writes refused for their clock
	FeedLost   uint64 // changes that a slow subscriber did not get

	Batch Histogram // submissions per log append
	Fsync Histogram // seconds per log fsync

	Checkpoint CheckpointStats
	Recovery   RecoveryStats
}

// CheckpointStats describes the snapshot and the checkpoints since Open.
type CheckpointStats struct {
	LSN       uint64        // the snapshot covers the log up to here
	Time      time.Time     // when the last checkpoint ended; zero if there is no snapshot
	Duration  time.Duration // of the last checkpoint
	FileBytes int64         // size of the snapshot file
	Done      uint64        // checkpoints completed
	Failed    uint64        // checkpoints that failed; the log is kept until one succeeds
	Compacted uint64        // times that the file was rewritten to give room back
}

// RecoveryStats says what Open recovered, from where, and in how long.
type RecoveryStats struct {
	SnapshotKeys int64         // entries loaded from the snapshot
	SnapshotLSN  uint64        // the log was replayed behind this LSN
	LogRecords   int64         // log records replayed
	LogOps       int64         // operations in them
	TornBytes    int64         // bytes cut off the end of the log
	Legacy       int64         // entries taken over from a 0.5.1 file
	Duration     time.Duration // of all this
}

// Histogram counts observations in buckets. Counts[i] is the number of
// observations of at most Bounds[i], not cumulative; the last element of Counts
// (one more than Bounds) is the number above all bounds.
type Histogram struct {
	Bounds []float64
	Counts []uint64
	Sum    float64
}

// State is whether the store takes writes.
type State uint8

// The states of a store.
const (
	Writable State = iota
	DiskFull       // writes are refused until there is room; heals by itself
	ReadOnly       // writes are refused until a restart
	Closed
)

// Stats returns the store's figures.
func (s *Store) Stats() Stats {
	count, mem := s.table.Stats()
	c := s.committer
	st := Stats{
		Keys: count.Keys, Expiring: count.Expiring, Tombstones: count.Tombstones,
		DataBytes: count.Bytes, MemBytes: mem,
		LSN: s.log.LastLSN(), Commits: c.commits.Load(), Ops: c.ops.Load(), Expired: c.expired.Load(),
		SkewDenied: c.skewed.Load(), FeedLost: s.feed.lostTotal(),
		Batch: c.batchSizes.snapshot(), Fsync: s.fsync.snapshot(),
		Checkpoint: s.checkpoint.stats(), Recovery: s.recovery,
	}
	for _, seg := range s.log.Segments() {
		st.Segments++
		st.LogBytes += seg.Bytes
	}
	return st
}

// histogram counts observations in buckets; it may be read while it is written.
type histogram struct {
	bounds []float64
	counts []atomic.Uint64
	sum    atomic.Uint64 // bits of a float64; one writer
}

func newHistogram(bounds ...float64) *histogram {
	return &histogram{bounds: bounds, counts: make([]atomic.Uint64, len(bounds)+1)}
}

// observe counts v. Only one goroutine at a time may call it.
func (h *histogram) observe(v float64) {
	i, _ := slices.BinarySearch(h.bounds, v)
	h.counts[i].Add(1)
	h.sum.Store(math.Float64bits(math.Float64frombits(h.sum.Load()) + v))
}

func (h *histogram) snapshot() Histogram {
	s := Histogram{Bounds: h.bounds, Counts: make([]uint64, len(h.counts)), Sum: math.Float64frombits(h.sum.Load())}
	for i := range h.counts {
		s.Counts[i] = h.counts[i].Load()
	}
	return s
}
