package main

import (
	"fmt"
	"io"
	"runtime"
)

// A row compares two medians. With a target, the ratio has to be at least or,
// when less is better, at most that.
type row struct {
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

// newRow computes a row from the rounds of both sides.
func newRow(what, peer, unit string, owlcache, other []float64, target float64, lessIsBetter bool) row {
	r := row{
		What: what, Peer: peer, Unit: unit, Target: target, LessIsBetter: lessIsBetter,
		Owlcache: median(owlcache), PeerFigure: median(other), OwlcacheRound: owlcache, PeerRound: other,
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

// verdict is the last column.
func (r row) verdict() string {
	switch {
	case r.Target == 0:
		return ""
	case r.OK:
		return "ok"
	default:
		return "MISS"
	}
}

// goal is the column of the target.
func (r row) goal() string {
	switch {
	case r.Target == 0:
		return "-"
	case r.LessIsBetter:
		return fmt.Sprintf("<= %.2f", r.Target)
	default:
		return fmt.Sprintf(">= %.2f", r.Target)
	}
}

// compareReport is what owlbench compare prints.
type compareReport struct {
	Load   loadOptions `json:"load"`
	CPUs   int         `json:"cpus"`
	Pinned bool        `json:"pinned"` // servers and load on a CPU each
	Go     string      `json:"go"`
	System string      `json:"system"`
	Rows   []row       `json:"rows"`
	Notes  []string    `json:"notes"`
}

func (c *comparison) report() *compareReport {
	return &compareReport{
		Load: c.load, CPUs: runtime.NumCPU(), Pinned: c.cpus.server != noCPU, Go: runtime.Version(),
		System: runtime.GOOS + "/" + runtime.GOARCH, Rows: c.rows, Notes: c.notes,
	}
}

// ok returns whether all targets are met.
func (r *compareReport) ok() bool {
	for _, row := range r.Rows {
		if !row.OK {
			return false
		}
	}
	return true
}

// table draws the report for people.
func (r *compareReport) table(w io.Writer) {
	// The writer keeps its first error for Flush.
	_, _ = fmt.Fprintf(w, "what\towlcache\tpeer\t\tunit\tratio\ttarget\t\n")
	for _, row := range r.Rows {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%.2f\t%s\t%s\n", row.What, figure(row.Owlcache),
			figure(row.PeerFigure), row.Peer, row.Unit, row.Ratio, row.goal(), row.verdict())
	}
}

// figure rounds to what a measurement is worth.
func figure(v float64) string {
	if v >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3f", v)
}
