package report

import (
	"fmt"
	"io"
	"slices"
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
	switch {
	case target == 0:
		r.OK = true
	case lessIsBetter:
		r.OK = r.Ratio <= target
	default:
		r.OK = r.Ratio >= target
	}
	return r
}

// LimitRow is a row that compares figures with a limit.
func LimitRow(what, unit string, figures []float64, limit float64, lessIsBetter bool) Row {
	return NewRow(what, "limit", unit, figures, slices.Repeat([]float64{limit}, len(figures)), 1, lessIsBetter)
}

// print draws the row.
func (r Row) print(w io.Writer) {
	_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%.2f\t%s\t%s\n", r.What, figure(r.Owlcache),
		figure(r.PeerFigure), r.Peer, r.Unit, r.Ratio, r.goal(), r.verdict())
}

// goal is the column of the target.
func (r Row) goal() string {
	switch {
	case r.Target == 0:
		return "-"
	case r.LessIsBetter:
		return fmt.Sprintf("<= %.2f", r.Target)
	default:
		return fmt.Sprintf(">= %.2f", r.Target)
	}
}

// verdict is the last column.
func (r Row) verdict() string {
	switch {
	case r.Target == 0:
		return ""
	case r.OK:
		return "ok"
	default:
		return "MISS"
	}
}

// figure rounds to what a measurement is worth.
func figure(v float64) string {
	if v >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3f", v)
}
