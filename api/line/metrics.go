package line

import (
	"context"
	"log/slog"
	"strconv"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"owlcache/api/internal/conn"
	"owlcache/api/metrics"
)

type outcome uint8

const (
	done outcome = iota
	missing
	denied
	failed
	noCommand
	numOutcomes
)

func (o outcome) status() int { return [numOutcomes]int{200, 404, 401, 500, 501}[o] }

func outcomeOf(status int) outcome {
	for o := range numOutcomes {
		if o.status() == status {
			return o
		}
	}
	return failed
}

type counts [numCmds][numOutcomes]atomic.Uint64

// tally counts for one connection: an addition that other cores do not see is free.
type tally struct {
	n   [numCmds][numOutcomes]uint32
	any bool
}

func (y *tally) add(cmd command, o outcome) {
	y.n[cmd][o]++
	y.any = true
}

func (y *tally) flush(counts *counts) {
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
	*y = tally{}
}

func (t *session) done(cmd command, o outcome) {
	t.counts.add(cmd, o)
	if t.srv.opts.LogRequests {
		t.srv.opts.Logger.LogAttrs(context.Background(), slog.LevelInfo, "request",
			slog.String("protocol", "tcp"),
			slog.String("cmd", cmd.String()),
			slog.Int("status", o.status()),
			slog.String("remote", t.c.Peer.String()),
		)
	}
}

// Collector shows what the line protocol counts.
func (s *Server) Collector() prometheus.Collector {
	commands := metrics.Of[uint64]("owlcache_tcp_", "cmd", "status")
	commands.Counter("commands_total", "Commands over TCP, by command and status.", metrics.Itself)
	f := metrics.Of[conn.Counts]("owlcache_tcp_")
	f.Gauge("connections", "Open TCP connections of clients.", func(n conn.Counts) float64 { return float64(n.Open) })
	f.Counter("connections_accepted_total", "TCP connections that were served.", func(n conn.Counts) uint64 { return n.Accepted })
	f.Counter("connections_rejected_total", "TCP connections that were refused for a connection limit.", func(n conn.Counts) uint64 { return n.Rejected })
	f.Counter("foreign_closed_total", "TCP connections that were closed because HTTP or TLS came, as a web page would send it.", func(conn.Counts) uint64 { return s.hostile.Load() })
	f.Counter("slow_closed_total", "TCP connections that were closed because the client did not send a line, or did not read its answers, in time.", func(conn.Counts) uint64 { return s.slow.Load() })
	return metrics.Collector(func(ch chan<- prometheus.Metric) {
		f.Send(ch, s.Conns.Counts())
		for cmd := range numCmds {
			for o := range numOutcomes {
				if n := s.counted(cmd, o); n > 0 || o == done { // always the one for success
					commands.Send(ch, n, cmd.String(), strconv.Itoa(o.status()))
				}
			}
		}
	}, commands, f)
}

func (s *Server) counted(cmd command, o outcome) (n uint64) {
	for i := range s.counts {
		n += s.counts[i][cmd][o].Load()
	}
	return n
}
