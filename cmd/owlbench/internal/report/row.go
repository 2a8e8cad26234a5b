package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"time"
)

// A Row compares two medians. With a target, the ratio has to be at least or,
// when less is better, at most that.
type Row struct {
	What          string    `json:"what"`
	Peer          string    `json:"peer"`
	Unit          string    `json:"unit"`
	Owlcache      float64   `json:"owlcache"`
	PeerFigure    float64   `json:"peer_figure"`
	Ratio         float64   `json:"ratio"`
	LessIsBetter  bool      `json:"less_is_better,omitempty"`
	Target        float64   `json:"target,omitempty"` // 0 = for information
	OK            bool      `json:"ok"`               // true without a target
	OwlcacheRound []float64 `json:"owlcache_rounds"`
	PeerRound     []float64 `json:"peer_rounds"`
}

// NewRow computes a row from the rounds of both sides.
func NewRow(what, peer, unit string, owlcache, other []float64, target float64, lessIsBetter bool) Row {
	r := Row{
		What: what, Peer: peer, Unit: unit, Target: target, LessIsBetter: lessIsBetter,
		Owlcache: Median(owlcache), PeerFigure: Median(other), OwlcacheRound: owlcache, PeerRound: other,
	}
	r.Ratio = r.Owlcache / r.PeerFigure
	r.OK = target == 0 || lessIsBetter && r.Ratio <= target || !lessIsBetter && r.Ratio >= target
	return r
}

// LimitRow is a row that compares figures with a limit.
func LimitRow(what, unit string, figures []float64, limit float64, lessIsBetter bool) Row {
	return NewRow(what, "limit", unit, figures, slices.Repeat([]float64{limit}, len(figures)), 1, lessIsBetter)
}

// verdict returns the last columns: the target, and whether it is met.
func (r Row) verdict() (target, verdict string) {
	if r.Target == 0 {
		return "-", ""
	}
	sign, verdict := ">=", "MISS"
	if r.LessIsBetter {
		sign = "<="
	}
	if r.OK {
		verdict = "ok"
	}
	return fmt.Sprintf("%s %.2f", sign, r.Target), verdict
}

// Rows are those of a report.
type Rows []Row

// OK returns whether all targets are met.
func (rows Rows) OK() bool {
	return !slices.ContainsFunc(rows, func(r Row) bool { return !r.OK })
}

// Table draws the rows for people.
func (rows Rows) Table(w io.Writer) {
	// The writer keeps its first error for Flush.
	_, _ = fmt.Fprintf(w, "what\towlcache\tpeer\t\tunit\tratio\ttarget\t\n")
	for _, r := range rows {
		target, verdict := r.verdict()
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%.2f\t%s\t%s\n", r.What, figure(r.Owlcache),
			figure(r.PeerFigure), r.Peer, r.Unit, r.Ratio, target, verdict)
	}
}

// figure rounds to what a measurement is worth.
func figure(v float64) string {
	if v >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3f", v)
}

// Median returns the middle of values, the mean of the two middle ones when
// their number is even, NaN when there are none. values stays as it is.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	mid := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[mid]
	}
	return (sorted[mid-1] + sorted[mid]) / 2
}

// Spread returns the distance between the least and the greatest value as a
// share of the median; 0 when there are none.
func Spread(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	return (slices.Max(values) - slices.Min(values)) / Median(values)
}

// Milliseconds returns a duration as the unit of a row.
func Milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
