package api

import (
	"context"
	"log/slog"
	"strconv"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// tcpOutcome is how a command of the line protocol ended.
type tcpOutcome uint8

const (
	tcpDone tcpOutcome = iota
	tcpMissing
	tcpDenied
	tcpFailed
	tcpNoCommand
	numTCPOutcomes
)

// status returns what the envelope says of it.
func (o tcpOutcome) status() int {
	switch o {
	case tcpDone:
		return 200
	case tcpMissing:
		return 404
	case tcpDenied:
		return 401
	case tcpNoCommand:
		return 501
	default:
		return 500
	}
}

func tcpOutcomeOf(status int) tcpOutcome {
	switch status {
	case 200:
		return tcpDone
	case 404:
		return tcpMissing
	case 401:
		return tcpDenied
	case 501:
		return tcpNoCommand
	}
	return tcpFailed
}

// tcpCounts are commands by how they ended.
type tcpCounts [numTCPCmds][numTCPOutcomes]atomic.Uint64

// tcpTally counts for one connection, which hands its figures over from time to time: an
// addition that other cores do not see is free.
type tcpTally struct {
	n   [numTCPCmds][numTCPOutcomes]uint32
	any bool
}

func (y *tcpTally) add(cmd tcpCmd, o tcpOutcome) {
	y.n[cmd][o]++
	y.any = true
}

// flush hands the figures over to counts.
func (y *tcpTally) flush(counts *tcpCounts) {
	if !y.any {
		return
	}
	for cmd := range y.n {
		for o, n := range y.n[cmd] {
			if n > 0 {
				counts[cmd][o].Add(uint64(n))
			}
		}
	}
	*y = tcpTally{}
}

// done counts a command, and writes its record if each request is logged.
func (t *tcpSession) done(cmd tcpCmd, o tcpOutcome) {
	t.counts.add(cmd, o)
	if t.srv.opts.AccessLog != nil {
		t.srv.opts.TCPLogger.LogAttrs(context.Background(), slog.LevelInfo, "request",
			slog.String("protocol", "tcp"),
			slog.String("cmd", cmd.String()),
			slog.Int("status", o.status()),
			slog.String("remote", t.c.peer.String()),
		)
	}
}

// tcpCollector shows what the line protocol counts.
type tcpCollector struct {
	of *tcpSide

	commands, open, accepted, rejected, hostile, slow *prometheus.Desc
}

func newTCPCollector(of *tcpSide) *tcpCollector {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return &tcpCollector{
		of:       of,
		commands: desc("owlcache_tcp_commands_total", "Commands over TCP, by command and status.", "cmd", "status"),
		open:     desc("owlcache_tcp_connections", "Open TCP connections of clients."),
		accepted: desc("owlcache_tcp_connections_accepted_total", "TCP connections that were served."),
		rejected: desc("owlcache_tcp_connections_rejected_total", "TCP connections that were refused for a connection limit."),
		hostile: desc("owlcache_tcp_foreign_closed_total",
			"TCP connections that were closed because HTTP or TLS came, as a web page would send it."),
		slow: desc("owlcache_tcp_slow_closed_total",
			"TCP connections that were closed because the client did not send a line, or did not read its answers, in time."),
	}
}

func (c *tcpCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.commands, c.open, c.accepted, c.rejected, c.hostile, c.slow} {
		ch <- d
	}
}

func (c *tcpCollector) Collect(ch chan<- prometheus.Metric) {
	open, _, accepted := c.of.conns.counts()
	ch <- prometheus.MustNewConstMetric(c.open, prometheus.GaugeValue, float64(open))
	ch <- prometheus.MustNewConstMetric(c.accepted, prometheus.CounterValue, float64(accepted))
	ch <- prometheus.MustNewConstMetric(c.rejected, prometheus.CounterValue, float64(c.of.rejected.Load()))
	ch <- prometheus.MustNewConstMetric(c.hostile, prometheus.CounterValue, float64(c.of.hostile.Load()))
	ch <- prometheus.MustNewConstMetric(c.slow, prometheus.CounterValue, float64(c.of.slow.Load()))
	for cmd := range numTCPCmds {
		c.collectCommand(ch, cmd)
	}
}

// collectCommand sends the counters of a command that are not 0, and always the one for
// success.
func (c *tcpCollector) collectCommand(ch chan<- prometheus.Metric, cmd tcpCmd) {
	for o := range numTCPOutcomes {
		n := uint64(0)
		for i := range c.of.counts {
			n += c.of.counts[i][cmd][o].Load()
		}
		if n > 0 || o == tcpDone {
			ch <- prometheus.MustNewConstMetric(c.commands, prometheus.CounterValue, float64(n), cmd.String(), strconv.Itoa(o.status()))
		}
	}
}
