package api

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/valyala/fasthttp/fasthttpadaptor"
)

// stripes is how many copies of the request counters there are. A connection uses
// one of them, so that cores do not fight for one cache line.
const stripes = 16

// otherName is what requests that reached no command are counted as.
const otherName = "other"

// countedStatuses are the statuses that have a counter of their own, by index;
// the last stands for all others.
var countedStatuses = [...]int{101, 200, 400, 401, 404, 405, 408, 413, 415, 417, 421, 429, 431, 500, 501, 502, 503, 504, 505, 0}

// latencyBounds are the upper bounds of the latency histogram.
var latencyBounds = [...]time.Duration{
	5 * time.Microsecond, 10 * time.Microsecond, 25 * time.Microsecond, 50 * time.Microsecond,
	100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond,
	50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second,
}

// maxCounted is room for the commands of data.go and otherName.
const maxCounted = 12

// requestCounts are the figures of one command.
type requestCounts struct {
	byStatus [len(countedStatuses)]atomic.Uint64
	latency  [len(latencyBounds) + 1]atomic.Uint64 // not cumulative
	nanos    atomic.Uint64
}

// metrics counts requests: three additions each.
type metrics struct {
	srv        *Server
	cmds       []string // names by index
	other      int
	rejected   atomic.Uint64 // connections that were refused
	handshakes atomic.Uint64 // TLS handshakes that failed
	counts     [stripes][maxCounted]requestCounts
}

func newMetrics(s *Server, table []command) *metrics {
	m := &metrics{srv: s}
	for _, c := range table {
		m.cmds = append(m.cmds, c.name)
	}
	m.other = len(m.cmds)
	m.cmds = append(m.cmds, otherName)
	if len(m.cmds) > maxCounted {
		panic("more commands than there are counters for") // a mistake in the source, found by any test
	}
	return m
}

// observe counts the finished request x.
func (m *metrics) observe(x *exchange) {
	index := m.other
	if x.cmd != nil {
		index = x.cmd.index
	}
	took := time.Since(x.start)
	c := &m.counts[x.conn.stripe][index]
	c.byStatus[statusIndex(x.ctx.Response.StatusCode())].Add(1)
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

// register puts everything that /metrics shows into reg.
func (m *metrics) register(reg *prometheus.Registry) error {
	for _, c := range []prometheus.Collector{newRequestCollector(m), newStoreCollector(m.srv.gate), newSocketCollector(m.srv.sockets), newTCPCollector(m.srv.tcp), newGroupCollector(m.srv), newSyncCollector(m.srv), newOriginCollector(m.srv), newUCCollector(m.srv.opts.URLCache), newTLSCollector(m.srv), buildInfo(m.srv.opts.Version)} {
		if err := reg.Register(c); err != nil {
			return fmt.Errorf("register metrics: %w", err)
		}
	}
	// A registry of the caller's may have the standard collectors already.
	for _, c := range []prometheus.Collector{
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	} {
		if err := reg.Register(c); err != nil && !errors.As(err, &prometheus.AlreadyRegisteredError{}) {
			return fmt.Errorf("register metrics: %w", err)
		}
	}
	return nil
}

// handler serves /metrics.
func (m *metrics) handler(reg *prometheus.Registry) func(*exchange) {
	h := fasthttpadaptor.NewFastHTTPHandler(promhttp.HandlerFor(reg, promhttp.HandlerOpts{
		ErrorHandling:       promhttp.ContinueOnError,
		MaxRequestsInFlight: 4,
	}))
	return func(x *exchange) { h(x.ctx) }
}
