package api

import (
	"github.com/prometheus/client_golang/prometheus"

	"owlcache/api/metrics"
)

func (s *Server) connCollector() prometheus.Collector {
	type figures struct {
		open, busy int
		accepted   uint64
	}
	f := metrics.Of[figures]("owlcache_http_")
	f.Gauge("requests_in_flight", "Requests being read, served or answered.", func(n figures) float64 { return float64(n.busy) })
	f.Gauge("connections", "Open client connections.", func(n figures) float64 { return float64(n.open) })
	f.Counter("connections_accepted_total", "Client connections that were served.", func(n figures) uint64 { return n.accepted })
	f.Counter("connections_rejected_total", "Client connections that were refused for a connection limit.", func(figures) uint64 { return s.rejected.Load() })
	return metrics.Collector(func(ch chan<- prometheus.Metric) {
		open, busy, accepted := s.conns.Counts()
		f.Send(ch, figures{open, busy, accepted})
	}, f)
}
