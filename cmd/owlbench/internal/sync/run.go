package sync

import (
	"context"
	"fmt"
	"time"

	"owlcache/cmd/owlbench/internal/node"
	"owlcache/cmd/owlbench/internal/report"
)

// The targets of data sync.
const (
	syncMedianTarget  = 100.0 // ms from a write to its being readable everywhere
	syncTailTarget    = 1000.0
	catchUpTarget     = 50_000.0 // entries per second
	stoppedRateTarget = 0.9      // of the rate with all nodes up
)

// patience is how long nodes may take to agree.
const patience = 5 * time.Minute

// bench is a run of owlbench sync.
type bench struct {
	*node.Site
	report.Results
	flags flags
}

// part is one measurement, in a group of its own.
type part struct {
	name    string
	queue   int // MiB; 0 = the default
	measure func(*bench, context.Context, *nodeGroup) error
}

// parts returns all measurements. queue is that of the last one.
func parts(queue int) []part {
	return []part{
		{"latency", 0, (*bench).measureLatency},
		{"catch-up", 0, (*bench).measureCatchUp},
		{"stopped", queue, (*bench).measureStopped},
	}
}

func partNames() (names []string) {
	for _, p := range parts(0) {
		names = append(names, p.name)
	}
	return names
}

// run does the parts that are asked for, all if none is named.
func (b *bench) run(ctx context.Context) error {
	for _, part := range parts(b.flags.queue) {
		if !report.Wants(b.flags.only, part.name) {
			continue
		}
		b.Logf("%s", part.name)
		if err := b.inGroup(ctx, part); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	b.Note(`What the digest adds to a write has a benchmark of its own: go test ./engine -run '^$' -bench 'Digest$'`)
	return nil
}

// inGroup starts a group, measures and ends it.
func (b *bench) inGroup(ctx context.Context, part part) error {
	g, err := b.newGroup(part)
	if err != nil {
		return err
	}
	defer g.Kill()
	if err := g.start(ctx); err != nil {
		return err
	}
	if err := part.measure(b, ctx, g); err != nil {
		return err
	}
	return g.Terminate()
}
