package api

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// originCollector shows what is known of the servers that keys are imported from.
type originCollector struct {
	srv *Server

	up, requests, duration, values *prometheus.Desc
}

func newOriginCollector(s *Server) *originCollector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, append([]string{"source", "server"}, labels...), nil)
	}
	return &originCollector{
		srv:      s,
		up:       desc("owlcache_origin_up", "1 while the server is asked for missing keys, 0 while it is left alone after failures."),
		requests: desc("owlcache_origin_requests_total", "Missing keys that the server was to be asked for, by what came of it.", "result"),
		duration: desc("owlcache_origin_request_duration_seconds", "Time from a question to the server's answer, or to the end of the patience."),
		values:   desc("owlcache_origin_values_total", "Values that the server had, by whether they were stored or only answered.", "stored"),
	}
}

func (c *originCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.up, c.requests, c.duration, c.values} {
		ch <- d
	}
}

func (c *originCollector) Collect(ch chan<- prometheus.Metric) {
	i := c.srv.importer.Load()
	if i == nil {
		return
	}
	for _, o := range (*i).Status() {
		c.collectServer(ch, &o)
	}
}

func (c *originCollector) collectServer(ch chan<- prometheus.Metric, o *OriginStatus) {
	server := strings.ToValidUTF8(o.Server, "?")
	up := 0.0
	if o.Up {
		up = 1
	}
	ch <- prometheus.MustNewConstMetric(c.up, prometheus.GaugeValue, up, o.Source, server)
	ch <- histogramOf(c.duration, o.Latency, o.Source, server)
	count := func(d *prometheus.Desc, n uint64, label string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), o.Source, server, label)
	}
	count(c.requests, o.Hits, "hit")
	count(c.requests, o.Misses, "miss")
	count(c.requests, o.Errors, "error")
	count(c.requests, o.TooLarge, "too_large")
	count(c.requests, o.Skipped, "skipped")
	count(c.values, o.Stored, "yes")
	count(c.values, o.Unstored, "no")
}
