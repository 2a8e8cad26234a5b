package partition

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// outcome is what owlbench partition prints.
type outcome struct {
	Seed    uint64         `json:"seed"`
	Nodes   int            `json:"nodes"`
	Results []roundOutcome `json:"rounds"`
}

// roundOutcome is what one round has shown. Anything wrong would have ended it.
type roundOutcome struct {
	Kind    cutKind       `json:"kind"`
	Equal   time.Duration `json:"equal_ns"`   // from the healing until all digests were equal
	Members time.Duration `json:"members_ns"` // from then until all took all as alive
	Writes  int           `json:"writes"`     // acknowledged
	Reads   int           `json:"reads"`
}

// count counts what clients did.
func (r *roundOutcome) count(events []*event) {
	for _, e := range events {
		if e.read {
			r.Reads++
		} else {
			r.Writes++
		}
	}
}

// Table draws the report for people.
func (r outcome) Table(w io.Writer) {
	// The writer keeps its first error for Flush.
	_, _ = fmt.Fprintf(w, "cut\trounds\twrites\treads\tequal p50\tp99\tmax\tmembers max\n")
	for _, kind := range append(cutKinds(), "all") {
		all := times{}
		for _, round := range r.Results {
			if round.Kind == kind || kind == "all" {
				all.add(round)
			}
		}
		if all.rounds > 0 {
			all.row(w, kind)
		}
	}
	verdict := "ok"
	if !r.OK() {
		verdict = "MISS"
	}
	_, _ = fmt.Fprintf(w, "\nequal within %v in 99 of 100 rounds: %s; lost 0, resurrected 0, never sent 0, went back 0\n", equalTarget, verdict)
}

// OK tells whether the target is met.
func (r outcome) OK() bool {
	var all times
	for _, round := range r.Results {
		all.add(round)
	}
	return all.quantile(0.99) <= equalTarget
}

// times sums up rounds.
type times struct {
	rounds, writes, reads int
	equal                 []time.Duration
	members               time.Duration
}

func (t *times) add(r roundOutcome) {
	t.rounds++
	t.writes += r.Writes
	t.reads += r.Reads
	t.equal = append(t.equal, r.Equal)
	t.members = max(t.members, r.Members)
}

// quantile returns the least time that at least the share q of all do not exceed.
func (t *times) quantile(q float64) time.Duration {
	if len(t.equal) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(t.equal))
	rank := int(q * float64(len(sorted)))
	if float64(rank) < q*float64(len(sorted)) {
		rank++
	}
	return sorted[max(rank, 1)-1]
}

func (t *times) row(w io.Writer, kind cutKind) {
	_, _ = fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%s\t%s\t%s\t%s\n", kind, t.rounds, t.writes, t.reads,
		inSeconds(t.quantile(0.5)), inSeconds(t.quantile(0.99)), inSeconds(t.quantile(1)), inSeconds(t.members))
}

func inSeconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
