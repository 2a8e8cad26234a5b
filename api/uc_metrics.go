package api

import (
	"github.com/prometheus/client_golang/prometheus"

	"owlcache/api/urlcache"
)

// ucCollector shows the figures of the URL cache, which are 0 where there is none.
type ucCollector struct {
	cache    *urlcache.Cache
	counters []ucCounter
	inFlight *prometheus.Desc
	errors   *prometheus.Desc
}

type ucCounter struct {
	desc  *prometheus.Desc
	value func(*urlcache.Stats) uint64
}

func newUCCollector(cache *urlcache.Cache) *ucCollector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("owlcache_urlcache_"+name, help, labels, nil)
	}
	return &ucCollector{
		cache: cache,
		counters: []ucCounter{
			{desc("hits_total", "Requests of the URL cache answered from the store."), func(s *urlcache.Stats) uint64 { return s.Hits }},
			{desc("misses_total", "Requests of the URL cache that the store had no value for."), func(s *urlcache.Stats) uint64 { return s.Misses }},
			{desc("stale_total", "Misses answered with an expired copy because the origin failed."), func(s *urlcache.Stats) uint64 { return s.Stale }},
			{desc("fetches_total", "Requests to origins, without those for redirects."), func(s *urlcache.Stats) uint64 { return s.Fetches }},
			{desc("stored_total", "Bodies of origins that were stored."), func(s *urlcache.Stats) uint64 { return s.Stored }},
			{desc("fetched_bytes_total", "Bytes of bodies read from origins."), func(s *urlcache.Stats) uint64 { return s.Bytes }},
		},
		inFlight: desc("fetches_in_flight", "Requests to origins under way."),
		errors:   desc("errors_total", "Keys that could not be fetched, by reason.", "kind"),
	}
}

func (c *ucCollector) Describe(ch chan<- *prometheus.Desc) {
	for i := range c.counters {
		ch <- c.counters[i].desc
	}
	ch <- c.inFlight
	ch <- c.errors
}

func (c *ucCollector) Collect(ch chan<- prometheus.Metric) {
	stats := c.cache.Stats()
	for i := range c.counters {
		ch <- prometheus.MustNewConstMetric(c.counters[i].desc, prometheus.CounterValue, float64(c.counters[i].value(&stats)))
	}
	ch <- prometheus.MustNewConstMetric(c.inFlight, prometheus.GaugeValue, float64(stats.InFlight))
	for _, e := range stats.Errors {
		ch <- prometheus.MustNewConstMetric(c.errors, prometheus.CounterValue, float64(e.Count), e.Kind.String())
	}
}
