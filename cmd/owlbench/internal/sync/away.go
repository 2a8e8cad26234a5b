package sync

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/report"
)

func (b *bench) measureCatchUp(ctx context.Context, g nodeGroup) error {
	away, up := g[groupSize-1], g[:groupSize-1]
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
	end, err := settle(ctx, g)
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

const stoppedPart = "stopped"

// Values that are so large that the connections to a stopped peer are soon full, and so
// few keys that they take little memory.
const (
	stoppedValue = 4 << 10
	stoppedKeys  = 5_000
)

// stoppedBench does rounds with all nodes up and with one of them stopped, in turns.
type stoppedBench struct {
	*bench
	group  nodeGroup
	up     stoppedRounds
	halted stoppedRounds
	after  []float64 // seconds until all were the same again
}

type stoppedRounds struct {
	rates []float64
	most  figures
}

func (b *bench) measureStopped(ctx context.Context, g nodeGroup) error {
	defer func(usual load.Options) { b.Options = usual }(b.Options)
	b.Keys, b.Value = stoppedKeys, stoppedValue
	s := &stoppedBench{bench: b, group: g}
	if err := g[0].Fill(ctx, b.Options); err != nil {
		return err
	}
	// Not counted: until memory is what it is.
	if err := s.round(ctx, 0, new(stoppedRounds)); err != nil {
		return err
	}
	for round := range b.Rounds {
		if err := s.round(ctx, round+1, &s.up); err != nil {
			return err
		}
		if err := s.stoppedRound(ctx, round+1); err != nil {
			return err
		}
	}
	b.Note("After the stopped node went on, all nodes were the same again in %.1f s at the median; %.0f changes had not been pushed.",
		report.Median(s.after), s.halted.most.dropped)
	limit := float64(b.queue) * (1 << 20) / 1e6
	up, halted := s.up.most, s.halted.most
	b.Add(
		report.NewRow("sets with a stopped peer", "sets with all up", "per second", s.halted.rates, s.up.rates, stoppedRateTarget, false),
		report.LimitRow("queue for a stopped peer, at most", "MB", []float64{halted.queue / 1e6}, limit, true),
		report.NewRow("memory with a stopped peer, at most", "with all up", "MB", []float64{halted.memory / 1e6}, []float64{up.memory / 1e6}, 0, true),
		report.LimitRow("growth of memory", "MB", []float64{max(0, halted.memory-up.memory) / 1e6}, limit, true))
	return nil
}

func (s *stoppedBench) stoppedRound(ctx context.Context, number int) error {
	stopped := s.group[groupSize-1]
	if err := stopped.Pause(); err != nil {
		return err
	}
	if err := s.round(ctx, number, &s.halted); err != nil {
		return err
	}
	if err := stopped.Resume(); err != nil {
		return err
	}
	again := time.Now()
	if err := s.group.meet(ctx); err != nil {
		return err
	}
	end, err := settle(ctx, s.group)
	s.after = append(s.after, end.Sub(again).Seconds())
	return err
}

func (s *stoppedBench) round(ctx context.Context, number int, rounds *stoppedRounds) error {
	n := s.group[0]
	end := load.Every(ctx, 50*time.Millisecond, func() error {
		f, err := n.figures(ctx)
		rounds.most.grow(f)
		return err
	})
	t := n.Target(s.Options)
	sample, err := s.Measure(ctx, &t, load.Set, number)
	if err = cmp.Or(err, end()); err != nil {
		return err
	}
	s.Logf("round %d: %.0f sets a second; queue %.1f MB, memory %.0f MB at most", number, sample.Rate(), rounds.most.queue/1e6, rounds.most.memory/1e6)
	rounds.rates = append(rounds.rates, sample.Rate())
	return nil
}
