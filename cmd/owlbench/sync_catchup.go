package main

import (
	"context"
	"fmt"
	"time"
)

// measureCatchUp measures how fast a node that was away takes over what it has missed.
func (b *syncBench) measureCatchUp(ctx context.Context, g *syncGroup) error {
	away, up := g.nodes[syncNodes-1], g.nodes[:syncNodes-1]
	if err := away.terminate(stopPatience); err != nil {
		return err
	}
	b.logf("setting %d keys", b.flags.keys)
	load := b.flags.load
	load.Keys = uint64(b.flags.keys)
	if err := up[0].fill(ctx, load); err != nil {
		return err
	}
	if _, err := g.settle(ctx, up...); err != nil {
		return err
	}
	if err := away.start(ctx); err != nil {
		return err
	}
	ready := time.Now()
	end, err := g.settle(ctx, g.nodes...)
	if err != nil {
		return err
	}
	f, err := away.figures(ctx)
	if err != nil {
		return err
	}
	if f.merged < float64(b.flags.keys) {
		return fmt.Errorf("the node has taken over %.0f entries of %d", f.merged, b.flags.keys)
	}
	rate := float64(b.flags.keys) / end.Sub(ready).Seconds()
	b.note("Catching up took %v; %.0f entries arrived for %.0f that were taken over.", end.Sub(ready).Round(time.Millisecond), f.received, f.merged)
	b.add(limitRow("catching up", "entries/s", []float64{rate}, catchUpTarget, false))
	return nil
}
