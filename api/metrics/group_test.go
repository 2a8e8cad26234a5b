package metrics_test

import (
	"strings"
	"testing"
	"time"

	"owlcache/api/internal/apitest"
	"owlcache/api/status"
	"owlcache/engine"
)

func TestGroupMetrics(t *testing.T) {
	n, g := apitest.StartGrouped(t, nil)
	latency := engine.Histogram{Bounds: []float64{0.001, 0.01}, Counts: []uint64{5, 3, 2}, Sum: 0.5}
	g.Members = []status.Member{
		{Address: "a:1", State: "up", LastContact: status.At(time.UnixMilli(1234500)), Requests: 12, Errors: 2, CacheHits: 99, Latency: status.LatencyOf(latency)},
		{Address: "self:1", Self: true, State: "up"},
		{Address: "b:1", State: "down", LastError: "secret", Requests: 3, Errors: 3},
		{Address: "c:1", State: "unknown"},
	}
	n.Group("cmd", "get", "key", "hello")
	n.Group("cmd", "get", "key", "none")
	body := n.Get("/metrics").Body
	for _, line := range []string{
		`owlcache_http_requests_total{cmd="group_get",status="200"} 1`,
		`owlcache_http_requests_total{cmd="group_get",status="404"} 1`,
		`owlcache_group_member_up{member="a:1"} 1`,
		`owlcache_group_member_up{member="b:1"} 0`,
		`owlcache_group_member_last_contact_timestamp_seconds{member="a:1"} 1234.5`,
		`owlcache_group_member_requests_total{member="a:1"} 12`,
		`owlcache_group_member_errors_total{member="b:1"} 3`,
		`owlcache_group_member_cache_hits_total{member="a:1"} 99`,
		`owlcache_group_member_request_duration_seconds_bucket{member="a:1",le="0.01"} 8`,
		`owlcache_group_member_request_duration_seconds_count{member="a:1"} 10`,
		`owlcache_group_member_requests_total{member="c:1"} 0`,
	} {
		if !strings.Contains(body, "\n"+line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
	for _, text := range []string{"self:1", "secret", `up{member="c:1"}`, `timestamp_seconds{member="b:1"}`} {
		if strings.Contains(body, text) {
			t.Errorf("%s is in the metrics", text)
		}
	}
	g.Members = g.Members[:1] // the others have left
	if body := n.Get("/metrics").Body; strings.Contains(body, "b:1") || !strings.Contains(body, `member="a:1"`) {
		t.Error("a member that has left is in the metrics")
	}
}
