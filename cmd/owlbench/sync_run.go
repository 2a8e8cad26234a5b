package main

import (
	"context"
	"fmt"
	"time"
)

// The targets of data sync.
const (
	syncMedianTarget  = 100.0 // ms from a write to its being readable everywhere
	syncTailTarget    = 1000.0
	catchUpTarget     = 50_000.0 // entries per second
	stoppedRateTarget = 0.9      // of the rate with all nodes up
)

// syncPatience is how long nodes may take to agree.
const syncPatience = 5 * time.Minute

// syncBench is a run of owlbench sync.
type syncBench struct {
	*site
	results
	flags syncFlags
}

// syncPart is one measurement, in a group of its own.
type syncPart struct {
	name    string
	queue   int // MiB; 0 = the default
	measure func(*syncBench, context.Context, *syncGroup) error
}

// syncParts returns all measurements. queue is that of the last one.
func syncParts(queue int) []syncPart {
	return []syncPart{
		{"latency", 0, (*syncBench).measureLatency},
		{"catch-up", 0, (*syncBench).measureCatchUp},
		{"stopped", queue, (*syncBench).measureStopped},
	}
}

func syncPartNames() (names []string) {
	for _, p := range syncParts(0) {
		names = append(names, p.name)
	}
	return names
}

// run does the parts that are asked for, all if none is named.
func (b *syncBench) run(ctx context.Context) error {
	for _, part := range syncParts(b.flags.queue) {
		if !wants(b.flags.only, part.name) {
			continue
		}
		b.logf("%s", part.name)
		if err := b.inGroup(ctx, part); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	b.note(`What the digest adds to a write has a benchmark of its own: go test ./engine -run '^$' -bench 'Digest$'`)
	return nil
}

// inGroup starts a group, measures and ends it.
func (b *syncBench) inGroup(ctx context.Context, part syncPart) error {
	g, err := b.newGroup(part)
	if err != nil {
		return err
	}
	defer g.kill()
	if err := g.start(ctx); err != nil {
		return err
	}
	if err := part.measure(b, ctx, g); err != nil {
		return err
	}
	return g.terminate()
}
