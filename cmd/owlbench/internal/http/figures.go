package http

import (
	"fmt"
	"io"
	"time"

	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/report"
)

// figures are what owlbench http prints.
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
}

// newFigures sums up all rounds.
func newFigures(f flags, samples []*load.Sample) *figures {
	o := &figures{Op: f.op.String(), Load: f.load}
	var all load.Sample
	for _, s := range samples {
		o.Rates = append(o.Rates, s.Rate())
		all.Latencies.Merge(&s.Latencies)
		all.Busy += s.Busy
		all.Elapsed += s.Elapsed
	}
	o.Rate = report.Median(o.Rates)
	h := &all.Latencies
	o.P50, o.P99, o.P999, o.Max = h.Quantile(0.5), h.Quantile(0.99), h.Quantile(0.999), h.Max
	o.LoadCPU = all.Busy.Seconds() / all.Elapsed.Seconds()
	return o
}

// Table draws the figures for people.
func (o *figures) Table(w io.Writer) {
	micro := func(d time.Duration) string { return d.Round(time.Microsecond).String() }
	// The writer keeps its first error for Flush.
	_, _ = fmt.Fprintf(w, "op\tper second\tspread\tp50\tp99\tp99.9\tmax\tload CPU\n")
	_, _ = fmt.Fprintf(w, "%s\t%.0f\t%.0f %%\t%s\t%s\t%s\t%s\t%.0f %%\n", o.Op, o.Rate, 100*report.Spread(o.Rates),
		micro(o.P50), micro(o.P99), micro(o.P999), micro(o.Max), 100*o.LoadCPU)
}
