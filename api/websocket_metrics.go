package api

import "github.com/prometheus/client_golang/prometheus"

// socketCollector shows what sockets count.
type socketCollector struct {
	of *sockets

	open, requests, slow *prometheus.Desc
}

func newSocketCollector(of *sockets) *socketCollector {
	return &socketCollector{
		of:       of,
		open:     prometheus.NewDesc("owlcache_websocket_connections", "Open WebSocket connections of clients.", nil, nil),
		requests: prometheus.NewDesc("owlcache_websocket_requests_total", "Messages of clients that were answered.", nil, nil),
		slow: prometheus.NewDesc("owlcache_websocket_slow_closed_total",
			"WebSocket connections that were closed because the client did not read its answers in time.", nil, nil),
	}
}

func (c *socketCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- c.open
	ch <- c.requests
	ch <- c.slow
}

func (c *socketCollector) Collect(ch chan<- prometheus.Metric) {
	ch <- prometheus.MustNewConstMetric(c.open, prometheus.GaugeValue, float64(c.of.open.Load()))
	ch <- prometheus.MustNewConstMetric(c.requests, prometheus.CounterValue, float64(c.of.requests.Load()))
	ch <- prometheus.MustNewConstMetric(c.slow, prometheus.CounterValue, float64(c.of.slow.Load()))
}
