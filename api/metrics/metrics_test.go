package metrics_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"owlcache/api"
	"owlcache/api/internal/apitest"
	"owlcache/engine"
)

func TestMetrics(t *testing.T) {
	n := apitest.Start(t, nil)
	n.Store.Figures = engine.Stats{
		Keys: 42, DataBytes: 4242, LogBytes: 99, Segments: 3,
		Fsync:      engine.Histogram{Bounds: []float64{0.001, 0.01}, Counts: []uint64{5, 3, 2}, Sum: 0.5},
		Batch:      engine.Histogram{Bounds: []float64{1, 2}, Counts: []uint64{1, 0, 1}, Sum: 4},
		Checkpoint: engine.CheckpointStats{Time: time.Now().Add(-time.Minute), Duration: 1500 * time.Millisecond, Done: 7, Failed: 1},
		Recovery:   engine.RecoveryStats{Duration: 250 * time.Millisecond, SnapshotKeys: 40, LogRecords: 2, TornBytes: 17},
	}
	n.Store.SetHealth(engine.DiskFull, engine.ErrNoSpace)
	token := n.Token()
	for range 3 {
		n.Cmd("cmd", "get", "key", "none")
	}
	n.Cmd("cmd", "set", "key", "k", "token", token)
	n.Cmd("cmd", "set", "key", "k")
	n.Cmd("cmd", "secret-nonsense")
	n.Get("/nothing")

	body := n.Get("/metrics").Body
	for _, line := range []string{
		`owlcache_http_requests_total{cmd="get",status="404"} 3`,
		`owlcache_http_requests_total{cmd="set",status="200"} 1`,
		`owlcache_http_requests_total{cmd="set",status="401"} 1`,
		`owlcache_http_requests_total{cmd="pass",status="200"} 1`,
		`owlcache_http_requests_total{cmd="unknown",status="501"} 1`,
		`owlcache_http_requests_total{cmd="other",status="404"} 1`,
		`owlcache_http_request_duration_seconds_count{cmd="get"} 3`,
		`owlcache_http_request_duration_seconds_bucket{cmd="get",le="+Inf"} 3`,
		`owlcache_http_requests_in_flight 1`,
		`owlcache_http_connections 1`,
		`owlcache_ready 1`,
		`owlcache_store_state{state="disk_full"} 1`,
		`owlcache_store_state{state="writable"} 0`,
		`owlcache_keys 42`,
		`owlcache_data_bytes 4242`,
		`owlcache_wal_segments 3`,
		`owlcache_wal_fsync_duration_seconds_bucket{le="0.001"} 5`,
		`owlcache_wal_fsync_duration_seconds_bucket{le="0.01"} 8`,
		`owlcache_wal_fsync_duration_seconds_count 10`,
		`owlcache_wal_fsync_duration_seconds_sum 0.5`,
		`owlcache_wal_batch_size_bucket{le="2"} 1`,
		`owlcache_wal_batch_size_count 2`,
		`owlcache_checkpoint_duration_seconds 1.5`,
		`owlcache_checkpoints_total 7`,
		`owlcache_checkpoint_failures_total 1`,
		`owlcache_recovery_duration_seconds 0.25`,
		`owlcache_recovery_torn_bytes 17`,
	} {
		if !strings.Contains(body, "\n"+line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
	for _, pattern := range []string{
		`(?m)^owlcache_build_info\{goversion="go[^"]+",version="0\.6\.0"\} 1$`, `(?m)^owlcache_checkpoint_age_seconds 6\d`,
		`(?m)^go_goroutines \d`, `(?m)^process_open_fds \d`,
	} {
		if !regexp.MustCompile(pattern).MatchString(body) {
			t.Errorf("no match for %s", pattern)
		}
	}
	for _, secret := range []string{"nonsense", "nothing", token, "none"} {
		if strings.Contains(body, secret) {
			t.Errorf("a client's %q is in the metrics", secret)
		}
	}
}

func TestMetricsRegistryOfTheCaller(t *testing.T) {
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector())
	opts := api.Options{Password: apitest.Password, TokenSecret: apitest.Secret(), Registry: reg}
	if _, err := api.New(opts); err != nil {
		t.Fatal(err)
	}
	if _, err := api.New(opts); err == nil {
		t.Error("two servers count in one registry")
	}
}
