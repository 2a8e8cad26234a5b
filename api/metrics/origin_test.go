package metrics_test

import (
	"owlcache/api/internal/apitest"
	"strings"
	"testing"
)

func TestOriginMetrics(t *testing.T) {
	n := apitest.StartImporting(t, apitest.NewImporter(nil), nil)
	body := n.Get("/metrics").Body
	for _, line := range []string{
		`owlcache_origin_up{server="10.0.0.5:11211",source="memcached"} 1`,
		`owlcache_origin_up{server="10.0.0.6:6379",source="redis"} 0`,
		`owlcache_origin_requests_total{result="hit",server="10.0.0.5:11211",source="memcached"} 1`,
		`owlcache_origin_requests_total{result="miss",server="10.0.0.5:11211",source="memcached"} 2`,
		`owlcache_origin_requests_total{result="error",server="10.0.0.5:11211",source="memcached"} 3`,
		`owlcache_origin_requests_total{result="too_large",server="10.0.0.5:11211",source="memcached"} 4`,
		`owlcache_origin_requests_total{result="skipped",server="10.0.0.5:11211",source="memcached"} 5`,
		`owlcache_origin_values_total{server="10.0.0.5:11211",source="memcached",stored="yes"} 6`,
		`owlcache_origin_values_total{server="10.0.0.5:11211",source="memcached",stored="no"} 7`,
		`owlcache_origin_request_duration_seconds_bucket{server="10.0.0.5:11211",source="memcached",le="0.5"} 8`,
		`owlcache_origin_request_duration_seconds_count{server="10.0.0.5:11211",source="memcached"} 9`,
	} {
		if !strings.Contains(body, "\n"+line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
	if body := apitest.Start(t, nil).Get("/metrics").Body; strings.Contains(body, "owlcache_origin") {
		t.Error("there are figures of origins without any")
	}
}
