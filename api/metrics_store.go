package api

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"owlcache/engine"
)

// storeFigure is one figure of engine.Stats.
type storeFigure struct {
	name, help string
	kind       prometheus.ValueType
	value      func(*engine.Stats) float64
}

// storeFigures lists the plain figures; histograms, state and age are added by the
// collector.
func storeFigures() []storeFigure {
	const gauge, counter = prometheus.GaugeValue, prometheus.CounterValue
	return []storeFigure{
		{"owlcache_keys", "Entries held, including those that have expired and are not swept yet.", gauge,
			func(s *engine.Stats) float64 { return float64(s.Keys) }},
		{"owlcache_expiring_keys", "Entries that have an expiry.", gauge,
			func(s *engine.Stats) float64 { return float64(s.Expiring) }},
		{"owlcache_tombstones", "Marks of deleted entries, kept for data sync.", gauge,
			func(s *engine.Stats) float64 { return float64(s.Tombstones) }},
		{"owlcache_data_bytes", "Bytes of all keys and values.", gauge,
			func(s *engine.Stats) float64 { return float64(s.DataBytes) }},
		{"owlcache_memory_bytes", "Bytes of memory that hold the entries, index and free room included.", gauge,
			func(s *engine.Stats) float64 { return float64(s.MemBytes) }},

		{"owlcache_wal_lsn", "Number of the last log record.", gauge,
			func(s *engine.Stats) float64 { return float64(s.LSN) }},
		{"owlcache_wal_bytes", "Bytes of all log segments.", gauge,
			func(s *engine.Stats) float64 { return float64(s.LogBytes) }},
		{"owlcache_wal_segments", "Log segments.", gauge,
			func(s *engine.Stats) float64 { return float64(s.Segments) }},
		{"owlcache_commits_total", "Submissions written to the log.", counter,
			func(s *engine.Stats) float64 { return float64(s.Commits) }},
		{"owlcache_operations_total", "Operations applied by these submissions.", counter,
			func(s *engine.Stats) float64 { return float64(s.Ops) }},
		{"owlcache_expired_total", "Expired entries that were swept.", counter,
			func(s *engine.Stats) float64 { return float64(s.Expired) }},
		{"owlcache_clock_skew_denied_total", "Writes of other nodes refused because their clock is ahead.", counter,
			func(s *engine.Stats) float64 { return float64(s.SkewDenied) }},
		{"owlcache_feed_lost_total", "Changes that a slow subscriber of the change feed did not get.", counter,
			func(s *engine.Stats) float64 { return float64(s.FeedLost) }},

		{"owlcache_checkpoint_lsn", "Log record up to which the snapshot reaches.", gauge,
			func(s *engine.Stats) float64 { return float64(s.Checkpoint.LSN) }},
		{"owlcache_checkpoint_duration_seconds", "Duration of the last checkpoint.", gauge,
			func(s *engine.Stats) float64 { return s.Checkpoint.Duration.Seconds() }},
		{"owlcache_checkpoints_total", "Checkpoints completed.", counter,
			func(s *engine.Stats) float64 { return float64(s.Checkpoint.Done) }},
		{"owlcache_checkpoint_failures_total", "Checkpoints that failed. The log is kept until one succeeds.", counter,
			func(s *engine.Stats) float64 { return float64(s.Checkpoint.Failed) }},
		{"owlcache_snapshot_bytes", "Size of the snapshot file.", gauge,
			func(s *engine.Stats) float64 { return float64(s.Checkpoint.FileBytes) }},
		{"owlcache_snapshot_compactions_total", "Times that the snapshot file was rewritten to give room back.", counter,
			func(s *engine.Stats) float64 { return float64(s.Checkpoint.Compacted) }},

		{"owlcache_recovery_duration_seconds", "Time that recovery took at the start.", gauge,
			func(s *engine.Stats) float64 { return s.Recovery.Duration.Seconds() }},
		{"owlcache_recovery_snapshot_keys", "Entries that recovery loaded from the snapshot.", gauge,
			func(s *engine.Stats) float64 { return float64(s.Recovery.SnapshotKeys) }},
		{"owlcache_recovery_snapshot_lsn", "Log record behind which recovery replayed the log.", gauge,
			func(s *engine.Stats) float64 { return float64(s.Recovery.SnapshotLSN) }},
		{"owlcache_recovery_log_records", "Log records that recovery replayed.", gauge,
			func(s *engine.Stats) float64 { return float64(s.Recovery.LogRecords) }},
		{"owlcache_recovery_log_operations", "Operations in these log records.", gauge,
			func(s *engine.Stats) float64 { return float64(s.Recovery.LogOps) }},
		{"owlcache_recovery_torn_bytes", "Bytes that recovery cut off the end of the log.", gauge,
			func(s *engine.Stats) float64 { return float64(s.Recovery.TornBytes) }},
		{"owlcache_recovery_legacy_keys", "Entries that recovery took over from a 0.5.1 file.", gauge,
			func(s *engine.Stats) float64 { return float64(s.Recovery.Legacy) }},
	}
}

// storeCollector shows the store's figures as soon as there is a store.
type storeCollector struct {
	gate    *gate
	figures []storeFigure
	descs   []*prometheus.Desc // of figures

	ready, state, age, fsync, batch *prometheus.Desc
}

func newStoreCollector(g *gate) *storeCollector {
	c := &storeCollector{
		gate:    g,
		figures: storeFigures(),
		ready:   prometheus.NewDesc("owlcache_ready", "1 when recovery has finished, else 0.", nil, nil),
		state: prometheus.NewDesc("owlcache_store_state",
			"1 for the state that the store is in, 0 for the others.", []string{"state"}, nil),
		age: prometheus.NewDesc("owlcache_checkpoint_age_seconds",
			"Time since the last checkpoint ended. Absent while there is no snapshot.", nil, nil),
		fsync: prometheus.NewDesc("owlcache_wal_fsync_duration_seconds", "Duration of the log's fsyncs.", nil, nil),
		batch: prometheus.NewDesc("owlcache_wal_batch_size", "Submissions written to the log together.", nil, nil),
	}
	for _, f := range c.figures {
		c.descs = append(c.descs, prometheus.NewDesc(f.name, f.help, nil, nil))
	}
	return c
}

func (c *storeCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range append([]*prometheus.Desc{c.ready, c.state, c.age, c.fsync, c.batch}, c.descs...) {
		ch <- d
	}
}

func (c *storeCollector) Collect(ch chan<- prometheus.Metric) {
	store := c.gate.peek()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	if store == nil {
		gauge(c.ready, 0)
		return
	}
	gauge(c.ready, 1)
	state, _ := store.Health()
	for s, name := range map[engine.State]string{
		engine.Writable: "writable", engine.DiskFull: "disk_full", engine.ReadOnly: "read_only", engine.Closed: "closed",
	} {
		is := 0.0
		if s == state {
			is = 1
		}
		gauge(c.state, is, name)
	}
	stats := store.Stats()
	for i, f := range c.figures {
		ch <- prometheus.MustNewConstMetric(c.descs[i], f.kind, f.value(&stats))
	}
	if !stats.Checkpoint.Time.IsZero() {
		gauge(c.age, time.Since(stats.Checkpoint.Time).Seconds())
	}
	ch <- histogramOf(c.fsync, stats.Fsync)
	ch <- histogramOf(c.batch, stats.Batch)
}

// histogramOf turns h into what Prometheus counts in: cumulative buckets.
func histogramOf(d *prometheus.Desc, h engine.Histogram, labels ...string) prometheus.Metric {
	buckets := make(map[float64]uint64, len(h.Bounds))
	count := uint64(0)
	for i, n := range h.Counts {
		count += n
		if i < len(h.Bounds) {
			buckets[h.Bounds[i]] = count
		}
	}
	return prometheus.MustNewConstHistogram(d, count, h.Sum, buckets, labels...)
}
