package sync

import (
	"context"
	"time"

	"owlcache/cmd/owlbench/internal/cpu"
	"owlcache/cmd/owlbench/internal/node"
	"owlcache/cmd/owlbench/internal/report"
)

// The targets of data sync.
const (
	medianTarget      = 100.0 // ms from a write to its being readable everywhere
	tailTarget        = 1000.0
	catchUpTarget     = 50_000.0 // entries per second
	stoppedRateTarget = 0.9      // of the rate with all nodes up
)

// patience is how long nodes may take to agree.
const patience = 5 * time.Minute

// bench is a run of owlbench sync.
type bench struct {
	*node.Bench
	keys  int // that a node misses
	queue int // MiB for a node that is stopped
}

// run does the parts that only names, all if it names none.
func (b *bench) run(ctx context.Context, only []string) (report.Measured, error) {
	b.CPU = cpu.Any // all share the CPUs
	err := b.RunParts(ctx, parts(b), only)
	b.Note(`What the digest adds to a write has a benchmark of its own: go test ./engine -run '^$' -bench 'Digest$'`)
	return &output{b.Options, b.keys, report.ThisMachine(nil), b.Results}, err
}

// parts returns all measurements, each in a group of its own.
func parts(b *bench) []report.Part {
	part := func(name string, measure func(*bench, context.Context, *nodeGroup) error) report.Part {
		return report.Part{Name: name, Run: func(ctx context.Context) error {
			g, err := b.newGroup(name)
			if err != nil {
				return err
			}
			defer g.kill()
			if err := g.start(ctx); err != nil {
				return err
			}
			if err := measure(b, ctx, g); err != nil {
				return err
			}
			return g.terminate()
		}}
	}
	return []report.Part{
		part("latency", (*bench).measureLatency),
		part("catch-up", (*bench).measureCatchUp),
		part(stoppedPart, (*bench).measureStopped),
	}
}
