package metrics

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"owlcache/api/internal/node"
	"owlcache/api/status"
	"owlcache/engine"
)

func newOrigins(n *node.Node) prometheus.Collector {
	f := originFigures()
	return Collector(func(ch chan<- prometheus.Metric) {
		importer := n.Importer()
		if importer == nil {
			return
		}
		for _, o := range importer.Status() {
			f.Send(ch, &o, o.Source, strings.ToValidUTF8(o.Server, "?"))
		}
	}, f)
}

func originFigures() *Figures[*status.Origin] {
	const (
		requests = "Missing keys that the server was to be asked for, by what came of it."
		values   = "Values that the server had, by whether they were stored or only answered."
	)
	f := Of[*status.Origin]("owlcache_origin_", "source", "server")
	f.Gauge("up", "1 while the server is asked for missing keys, 0 while it is left alone after failures.", func(o *status.Origin) float64 { return OneIf(o.Up) })
	f.Histogram("request_duration_seconds", "Time from a question to the server's answer, or to the end of the patience.", func(o *status.Origin) engine.Histogram { return o.Latency })
	f.Counter("requests_total", requests, func(o *status.Origin) uint64 { return o.Hits }, "result", "hit")
	f.Counter("requests_total", requests, func(o *status.Origin) uint64 { return o.Misses }, "result", "miss")
	f.Counter("requests_total", requests, func(o *status.Origin) uint64 { return o.Errors }, "result", "error")
	f.Counter("requests_total", requests, func(o *status.Origin) uint64 { return o.TooLarge }, "result", "too_large")
	f.Counter("requests_total", requests, func(o *status.Origin) uint64 { return o.Skipped }, "result", "skipped")
	f.Counter("values_total", values, func(o *status.Origin) uint64 { return o.Stored }, "stored", "yes")
	f.Counter("values_total", values, func(o *status.Origin) uint64 { return o.Unstored }, "stored", "no")
	return f
}
