package urlcache

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"owlcache/api/metrics"
)

// Collector shows the figures of the cache, which are 0 where there is none.
func (s *Server) Collector() prometheus.Collector {
	f := metrics.Of[*Stats]("owlcache_urlcache_")
	f.Counter("hits_total", "Requests of the URL cache answered from the store.", func(s *Stats) uint64 { return s.Hits })
	f.Counter("misses_total", "Requests of the URL cache that the store had no value for.", func(s *Stats) uint64 { return s.Misses })
	f.Counter("stale_total", "Misses answered with an expired copy because the origin failed.", func(s *Stats) uint64 { return s.Stale })
	f.Counter("fetches_total", "Requests to origins, without those for redirects.", func(s *Stats) uint64 { return s.Fetches })
	f.Counter("stored_total", "Bodies of origins that were stored.", func(s *Stats) uint64 { return s.Stored })
	f.Counter("fetched_bytes_total", "Bytes of bodies read from origins.", func(s *Stats) uint64 { return s.Bytes })
	f.Gauge("fetches_in_flight", "Requests to origins under way.", func(s *Stats) float64 { return float64(s.InFlight) })
	failures := metrics.Of[uint64]("owlcache_urlcache_", "kind")
	failures.Counter("errors_total", "Keys that could not be fetched, by reason.", metrics.Itself)
	return metrics.Collector(func(ch chan<- prometheus.Metric) {
		stats := s.cache.Stats()
		f.Send(ch, &stats)
		for k, n := range stats.Errors {
			failures.Send(ch, n, Kind(k).String())
		}
	}, f, failures)
}

// Stats are figures of a Cache since the start.
type Stats struct {
	Hits     uint64           // requests answered from the store
	Misses   uint64           // requests that were not
	Stale    uint64           // of the misses, those answered with an expired copy
	Fetches  uint64           // requests to origins, without redirects
	Stored   uint64           // of these, those whose body was stored
	Bytes    uint64           // of bodies read from origins
	InFlight int              // requests to origins at this moment
	Errors   [numKinds]uint64 // by Kind
}

type counters struct {
	hits, misses, stale, fetches, stored, bytes atomic.Uint64
	errors                                      [numKinds]atomic.Uint64
}

// Stats returns the figures. c may be nil: then all are 0.
func (c *Cache) Stats() Stats {
	var s Stats
	if c == nil {
		return s
	}
	n := &c.counts
	s.Hits, s.Misses, s.Stale = n.hits.Load(), n.misses.Load(), n.stale.Load()
	s.Fetches, s.Stored, s.Bytes = n.fetches.Load(), n.stored.Load(), n.bytes.Load()
	s.InFlight = len(c.slots)
	for k := range s.Errors {
		s.Errors[k] = n.errors[k].Load()
	}
	return s
}
