package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"owlcache/api/internal/node"
	"owlcache/engine"
)

func newStore(g *node.Gate) prometheus.Collector {
	ready := Of[bool]("owlcache_")
	ready.Gauge("ready", "1 when recovery has finished, else 0.", OneIf)
	state := Of[bool]("owlcache_", "state")
	state.Gauge("store_state", "1 for the state that the store is in, 0 for the others.", OneIf)
	figures := storeFigures()
	return Collector(func(ch chan<- prometheus.Metric) {
		store := g.Peek()
		ready.Send(ch, store != nil)
		if store == nil {
			return
		}
		is, _ := store.Health()
		for s, name := range map[engine.State]string{
			engine.Writable: "writable", engine.DiskFull: "disk_full", engine.ReadOnly: "read_only", engine.Closed: "closed",
		} {
			state.Send(ch, s == is, name)
		}
		stats := store.Stats()
		figures.Send(ch, &stats)
	}, ready, state, figures)
}

func storeFigures() *Figures[*engine.Stats] {
	f := Of[*engine.Stats]("owlcache_")
	f.Gauge("keys", "Entries held, including those that have expired and are not swept yet.", func(s *engine.Stats) float64 { return float64(s.Keys) })
	f.Gauge("expiring_keys", "Entries that have an expiry.", func(s *engine.Stats) float64 { return float64(s.Expiring) })
	f.Gauge("tombstones", "Marks of deleted entries, kept for data sync.", func(s *engine.Stats) float64 { return float64(s.Tombstones) })
	f.Gauge("data_bytes", "Bytes of all keys and values.", func(s *engine.Stats) float64 { return float64(s.DataBytes) })
	f.Gauge("memory_bytes", "Bytes of memory that hold the entries, index and free room included.", func(s *engine.Stats) float64 { return float64(s.MemBytes) })
	f.Gauge("wal_lsn", "Number of the last log record.", func(s *engine.Stats) float64 { return float64(s.LSN) })
	f.Gauge("wal_bytes", "Bytes of all log segments.", func(s *engine.Stats) float64 { return float64(s.LogBytes) })
	f.Gauge("wal_segments", "Log segments.", func(s *engine.Stats) float64 { return float64(s.Segments) })
	f.Counter("commits_total", "Submissions written to the log.", func(s *engine.Stats) uint64 { return s.Commits })
	f.Counter("operations_total", "Operations applied by these submissions.", func(s *engine.Stats) uint64 { return s.Ops })
	f.Counter("expired_total", "Expired entries that were swept.", func(s *engine.Stats) uint64 { return s.Expired })
	f.Counter("clock_skew_denied_total", "Writes of other nodes refused because their clock is ahead.", func(s *engine.Stats) uint64 { return s.SkewDenied })
	f.Counter("feed_lost_total", "Changes that a slow subscriber of the change feed did not get.", func(s *engine.Stats) uint64 { return s.FeedLost })
	f.Gauge("checkpoint_lsn", "Log record up to which the snapshot reaches.", func(s *engine.Stats) float64 { return float64(s.Checkpoint.LSN) })
	f.Gauge("checkpoint_duration_seconds", "Duration of the last checkpoint.", func(s *engine.Stats) float64 { return s.Checkpoint.Duration.Seconds() })
	f.Counter("checkpoints_total", "Checkpoints completed.", func(s *engine.Stats) uint64 { return s.Checkpoint.Done })
	f.Counter("checkpoint_failures_total", "Checkpoints that failed. The log is kept until one succeeds.", func(s *engine.Stats) uint64 { return s.Checkpoint.Failed })
	f.Gauge("snapshot_bytes", "Size of the snapshot file.", func(s *engine.Stats) float64 { return float64(s.Checkpoint.FileBytes) })
	f.Counter("snapshot_compactions_total", "Times that the snapshot file was rewritten to give room back.", func(s *engine.Stats) uint64 { return s.Checkpoint.Compacted })
	f.Gauge("recovery_duration_seconds", "Time that recovery took at the start.", func(s *engine.Stats) float64 { return s.Recovery.Duration.Seconds() })
	f.Gauge("recovery_snapshot_keys", "Entries that recovery loaded from the snapshot.", func(s *engine.Stats) float64 { return float64(s.Recovery.SnapshotKeys) })
	f.Gauge("recovery_snapshot_lsn", "Log record behind which recovery replayed the log.", func(s *engine.Stats) float64 { return float64(s.Recovery.SnapshotLSN) })
	f.Gauge("recovery_log_records", "Log records that recovery replayed.", func(s *engine.Stats) float64 { return float64(s.Recovery.LogRecords) })
	f.Gauge("recovery_log_operations", "Operations in these log records.", func(s *engine.Stats) float64 { return float64(s.Recovery.LogOps) })
	f.Gauge("recovery_torn_bytes", "Bytes that recovery cut off the end of the log.", func(s *engine.Stats) float64 { return float64(s.Recovery.TornBytes) })
	f.Gauge("recovery_legacy_keys", "Entries that recovery took over from a 0.5.1 file.", func(s *engine.Stats) float64 { return float64(s.Recovery.Legacy) })
	f.Optional("checkpoint_age_seconds", "Time since the last checkpoint ended. Absent while there is no snapshot.", func(s *engine.Stats) (float64, bool) {
		return time.Since(s.Checkpoint.Time).Seconds(), !s.Checkpoint.Time.IsZero()
	})
	f.Histogram("wal_fsync_duration_seconds", "Duration of the log's fsyncs.", func(s *engine.Stats) engine.Histogram { return s.Fsync })
	f.Histogram("wal_batch_size", "Submissions written to the log together.", func(s *engine.Stats) engine.Histogram { return s.Batch })
	return f
}
