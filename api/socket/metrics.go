package socket

import (
	"github.com/prometheus/client_golang/prometheus"

	"owlcache/api/metrics"
)

// Collector shows what the connections count.
func (s *Server) Collector() prometheus.Collector {
	f := metrics.Of[*Server]("owlcache_websocket_")
	f.Gauge("connections", "Open WebSocket connections of clients.", func(s *Server) float64 { return float64(s.open.Load()) })
	f.Counter("requests_total", "Messages of clients that were answered.", func(s *Server) uint64 { return s.requests.Load() })
	f.Counter("slow_closed_total", "WebSocket connections that were closed because the client did not read its answers in time.", func(s *Server) uint64 { return s.slow.Load() })
	return metrics.Collector(func(ch chan<- prometheus.Metric) { f.Send(ch, s) }, f)
}
