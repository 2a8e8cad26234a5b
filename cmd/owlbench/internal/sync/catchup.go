package sync

import (
	"context"
	"fmt"
	"time"

	"owlcache/cmd/owlbench/internal/node"
	"owlcache/cmd/owlbench/internal/report"
)

// measureCatchUp measures how fast a node that was away takes over what it has missed.
func (b *bench) measureCatchUp(ctx context.Context, g *nodeGroup) error {
	away, up := g.nodes[groupSize-1], g.nodes[:groupSize-1]
	if err := away.Terminate(node.StopPatience); err != nil {
		return err
	}
	b.Logf("setting %d keys", b.flags.keys)
	opts := b.flags.load
	opts.Keys = uint64(b.flags.keys)
	if err := up[0].Fill(ctx, opts); err != nil {
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
	b.Note("Catching up took %v; %.0f entries arrived for %.0f that were taken over.", end.Sub(ready).Round(time.Millisecond), f.received, f.merged)
	b.Add(report.LimitRow("catching up", "entries/s", []float64{rate}, catchUpTarget, false))
	return nil
}
