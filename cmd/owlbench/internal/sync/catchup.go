package sync

import (
	"context"
	"fmt"
	"time"

	"owlcache/cmd/owlbench/internal/report"
)

func (b *bench) measureCatchUp(ctx context.Context, g *nodeGroup) error {
	away, up := g.nodes[groupSize-1], g.nodes[:groupSize-1]
	if err := away.Terminate(); err != nil {
		return err
	}
	b.Logf("setting %d keys", b.keys)
	missed := b.Options
	missed.Keys = uint64(b.keys)
	if err := up[0].Fill(ctx, missed); err != nil {
		return err
	}
	if _, err := settle(ctx, up); err != nil {
		return err
	}
	if err := away.start(ctx); err != nil {
		return err
	}
	ready := time.Now()
	end, err := settle(ctx, g.nodes)
	if err != nil {
		return err
	}
	f, err := away.figures(ctx)
	if err == nil && f.merged < float64(b.keys) {
		err = fmt.Errorf("the node has taken over %.0f entries of %d", f.merged, b.keys)
	}
	took := end.Sub(ready)
	b.Note("Catching up took %v; %.0f entries arrived for %.0f that were taken over.", took.Round(time.Millisecond), f.received, f.merged)
	b.Add(report.LimitRow("catching up", "entries/s", []float64{float64(b.keys) / took.Seconds()}, catchUpTarget, false))
	return err
}
