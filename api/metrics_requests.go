package api

import (
	"runtime"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// requestCollector shows metrics.
type requestCollector struct {
	m *metrics

	requests, duration, inFlight, open, accepted, rejected, loginFailures, loginsRefused *prometheus.Desc
}

func newRequestCollector(m *metrics) *requestCollector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return &requestCollector{
		m: m,
		requests: desc("owlcache_http_requests_total",
			"Requests answered, by command and HTTP status.", "cmd", "status"),
		duration: desc("owlcache_http_request_duration_seconds",
			"Time from a request's headers being read to its answer being ready to send, by command.", "cmd"),
		inFlight: desc("owlcache_http_requests_in_flight", "Requests being read, served or answered."),
		open:     desc("owlcache_http_connections", "Open client connections."),
		accepted: desc("owlcache_http_connections_accepted_total", "Client connections that were served."),
		rejected: desc("owlcache_http_connections_rejected_total", "Client connections that were refused for a connection limit."),

		loginFailures: desc("owlcache_login_failures_total", "Wrong passwords."),
		loginsRefused: desc("owlcache_logins_refused_total", "Log-ins refused because of too many wrong passwords before."),
	}
}

func (c *requestCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		c.requests, c.duration, c.inFlight, c.open, c.accepted, c.rejected, c.loginFailures, c.loginsRefused,
	} {
		ch <- d
	}
}

func (c *requestCollector) Collect(ch chan<- prometheus.Metric) {
	open, busy, accepted := c.m.srv.conns.counts()
	ch <- prometheus.MustNewConstMetric(c.inFlight, prometheus.GaugeValue, float64(busy))
	ch <- prometheus.MustNewConstMetric(c.open, prometheus.GaugeValue, float64(open))
	ch <- prometheus.MustNewConstMetric(c.accepted, prometheus.CounterValue, float64(accepted))
	ch <- prometheus.MustNewConstMetric(c.rejected, prometheus.CounterValue, float64(c.m.rejected.Load()))
	logins := c.m.srv.logins
	ch <- prometheus.MustNewConstMetric(c.loginFailures, prometheus.CounterValue, float64(logins.failures.Load()))
	ch <- prometheus.MustNewConstMetric(c.loginsRefused, prometheus.CounterValue, float64(logins.refused.Load()))
	for i, name := range c.m.cmds {
		c.collectStatuses(ch, i, name)
		c.collectLatency(ch, i, name)
	}
}

// collectStatuses sends the counters of command i that are not 0, and always the
// one for success, so that a rate has a place to start from.
func (c *requestCollector) collectStatuses(ch chan<- prometheus.Metric, i int, name string) {
	for s, status := range countedStatuses {
		n := uint64(0)
		for stripe := range c.m.counts {
			n += c.m.counts[stripe][i].byStatus[s].Load()
		}
		if n == 0 && status != 200 {
			continue
		}
		label := strconv.Itoa(status)
		if status == 0 {
			label = "other"
		}
		ch <- prometheus.MustNewConstMetric(c.requests, prometheus.CounterValue, float64(n), name, label)
	}
}

func (c *requestCollector) collectLatency(ch chan<- prometheus.Metric, i int, name string) {
	buckets := make(map[float64]uint64, len(latencyBounds))
	count, nanos := uint64(0), uint64(0)
	for b := range len(latencyBounds) + 1 {
		for stripe := range c.m.counts {
			count += c.m.counts[stripe][i].latency[b].Load()
		}
		if b < len(latencyBounds) {
			buckets[latencyBounds[b].Seconds()] = count
		}
	}
	for stripe := range c.m.counts {
		nanos += c.m.counts[stripe][i].nanos.Load()
	}
	ch <- prometheus.MustNewConstHistogram(c.duration, count, float64(nanos)/1e9, buckets, name)
}

// buildInfo is a constant that carries what runs.
func buildInfo(version string) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name:        "owlcache_build_info",
		Help:        "A constant 1 whose labels say which program runs.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
	}, func() float64 { return 1 })
}
