package readthrough

import (
	"log/slog"
	"sync/atomic"
	"time"

	"owlcache/api/status"
	"owlcache/engine"
)

// latencyBounds are in seconds.
var latencyBounds = [...]float64{100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 100e-3, 250e-3, 500e-3, 1}

type stats struct {
	hits, misses, errors, tooLarge, skipped atomic.Uint64
	stored, unstored                        atomic.Uint64

	latency [len(latencyBounds) + 1]atomic.Uint64 // not cumulative
	nanos   atomic.Uint64
}

func (s *stats) observe(took time.Duration) {
	i := 0
	for i < len(latencyBounds) && took.Seconds() > latencyBounds[i] {
		i++
	}
	s.latency[i].Add(1)
	s.nanos.Add(uint64(max(took, 0)))
}

// Status returns what is known of each server, in the order in which they were given.
func (i *Importer) Status() []status.Origin {
	list := make([]status.Origin, len(i.servers))
	for n, s := range i.servers {
		list[n] = s.status()
	}
	return list
}

func (s *server) status() status.Origin {
	counts := make([]uint64, len(s.stats.latency))
	for i := range s.stats.latency {
		counts[i] = s.stats.latency[i].Load()
	}
	return status.Origin{
		Source: s.source, Server: s.address, Up: !s.alone.Load(),
		Hits: s.stats.hits.Load(), Misses: s.stats.misses.Load(), Errors: s.stats.errors.Load(),
		TooLarge: s.stats.tooLarge.Load(), Skipped: s.stats.skipped.Load(),
		Stored: s.stats.stored.Load(), Unstored: s.stats.unstored.Load(),
		Latency: engine.Histogram{Bounds: latencyBounds[:], Counts: counts, Sum: float64(s.stats.nanos.Load()) / 1e9},
	}
}

const logPause = time.Minute

// limitedLog writes a line that could come with every question now and then only.
type limitedLog struct {
	to   *slog.Logger
	last atomic.Int64 // Unix nanoseconds of the last line
}

func (l *limitedLog) warn(message string, args ...any) {
	now, last := time.Now().UnixNano(), l.last.Load()
	if last != 0 && now-last < int64(logPause) || !l.last.CompareAndSwap(last, now) {
		return
	}
	l.to.Warn(message, args...)
}
