package metrics

import (
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"owlcache/api/internal/conn"
	"owlcache/api/internal/exchange"
	"owlcache/engine"
)

// countedStatuses have a counter of their own, by index; the last stands for all others.
var countedStatuses = [...]int{101, 200, 400, 401, 404, 405, 408, 413, 415, 417, 421, 429, 431, 500, 501, 502, 503, 504, 505, 0}

var latencyBounds = [...]time.Duration{
	5 * time.Microsecond, 10 * time.Microsecond, 25 * time.Microsecond, 50 * time.Microsecond,
	100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond,
	50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second,
}

// Requests counts requests: three additions each.
type Requests struct {
	names  []string // of commands by index; the last is for requests that reached none
	counts [conn.Stripes][]requestCounts
}

type requestCounts struct {
	byStatus [len(countedStatuses)]atomic.Uint64
	latency  [len(latencyBounds) + 1]atomic.Uint64 // not cumulative
	nanos    atomic.Uint64
}

// NewRequests makes counters for these commands, each of which gets its index.
func NewRequests(commands []*exchange.Command) *Requests {
	r := &Requests{}
	for i, c := range commands {
		c.Index = i
		r.names = append(r.names, c.Name)
	}
	r.names = append(r.names, "other")
	for i := range r.counts {
		r.counts[i] = make([]requestCounts, len(r.names))
	}
	return r
}

// Count counts the finished request x.
func (r *Requests) Count(x *exchange.Exchange) {
	index := len(r.names) - 1
	if x.Command != nil {
		index = x.Command.Index
	}
	took := time.Since(x.Start)
	c := &r.counts[x.Conn.Stripe][index]
	c.byStatus[statusIndex(x.Ctx.Response.StatusCode())].Add(1)
	c.latency[latencyIndex(took)].Add(1)
	c.nanos.Add(uint64(max(took, 0)))
}

func statusIndex(status int) int {
	if i := slices.Index(countedStatuses[:], status); i >= 0 {
		return i
	}
	return len(countedStatuses) - 1
}

func latencyIndex(d time.Duration) int {
	for i, bound := range latencyBounds {
		if d <= bound {
			return i
		}
	}
	return len(latencyBounds)
}

func (r *Requests) collector() prometheus.Collector {
	requests := Of[uint64]("owlcache_http_", "cmd", "status")
	requests.Counter("requests_total", "Requests answered, by command and HTTP status.", Itself)
	duration := Of[engine.Histogram]("owlcache_http_", "cmd")
	duration.Histogram("request_duration_seconds", "Time from a request's headers being read to its answer being ready to send, by command.",
		func(h engine.Histogram) engine.Histogram { return h })
	return Collector(func(ch chan<- prometheus.Metric) {
		for i, name := range r.names {
			r.eachStatus(i, func(n uint64, status string) { requests.Send(ch, n, name, status) })
			duration.Send(ch, r.latency(i), name)
		}
	}, requests, duration)
}

// eachStatus leaves out counters that are 0, except the one for success, from which a rate starts.
func (r *Requests) eachStatus(i int, f func(n uint64, status string)) {
	for s, status := range countedStatuses {
		n := uint64(0)
		for stripe := range r.counts {
			n += r.counts[stripe][i].byStatus[s].Load()
		}
		switch {
		case status == 0 && n > 0:
			f(n, "other")
		case status == 200, n > 0:
			f(n, strconv.Itoa(status))
		}
	}
}

func (r *Requests) latency(i int) engine.Histogram {
	h := engine.Histogram{Counts: make([]uint64, len(latencyBounds)+1)}
	for _, bound := range latencyBounds {
		h.Bounds = append(h.Bounds, bound.Seconds())
	}
	nanos := uint64(0)
	for stripe := range r.counts {
		c := &r.counts[stripe][i]
		for b := range c.latency {
			h.Counts[b] += c.latency[b].Load()
		}
		nanos += c.nanos.Load()
	}
	h.Sum = float64(nanos) / 1e9
	return h
}
