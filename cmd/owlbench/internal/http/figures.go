package http

import (
	"fmt"
	"io"
	"time"

	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/report"
)

// figures is what owlbench http prints.
type figures struct {
	Op      string        `json:"op"`
	Load    load.Options  `json:"load"`
	Rates   []float64     `json:"rounds_per_second"`
	Rate    float64       `json:"per_second"` // median of Rates
	P50     time.Duration `json:"p50_ns"`
	P99     time.Duration `json:"p99_ns"`
	P999    time.Duration `json:"p999_ns"`
	Max     time.Duration `json:"max_ns"`
	LoadCPU float64       `json:"load_cpu"` // share of a CPU that the load generator used, of all rounds

	latencies     load.Histogram
	busy, elapsed time.Duration
}

// add takes in one round.
func (r *figures) add(s *load.Sample) {
	r.Rates = append(r.Rates, s.Rate())
	r.latencies.Merge(&s.Latencies)
	r.busy += s.Busy
	r.elapsed += s.Elapsed
}

// finish computes the figures over all rounds.
func (r *figures) finish() {
	r.Rate = report.Median(r.Rates)
	r.P50 = r.latencies.Quantile(0.5)
	r.P99 = r.latencies.Quantile(0.99)
	r.P999 = r.latencies.Quantile(0.999)
	r.Max = r.latencies.Max
	r.LoadCPU = r.busy.Seconds() / r.elapsed.Seconds()
}

// Table draws the report for people.
func (r *figures) Table(w io.Writer) {
	micro := func(d time.Duration) string { return d.Round(time.Microsecond).String() }
	// The writer keeps its first error for Flush.
	_, _ = fmt.Fprintf(w, "op\tper second\tspread\tp50\tp99\tp99.9\tmax\tload CPU\n")
	_, _ = fmt.Fprintf(w, "%s\t%.0f\t%.0f %%\t%s\t%s\t%s\t%s\t%.0f %%\n", r.Op, r.Rate, 100*report.Spread(r.Rates),
		micro(r.P50), micro(r.P99), micro(r.P999), micro(r.Max), 100*r.LoadCPU)
}
