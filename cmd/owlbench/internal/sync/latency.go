package sync

import (
	"context"
	"fmt"
	"time"

	"owlcache/cmd/owlbench/internal/cpu"
	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/report"
)

// measureLatency measures how fast one node can be written to, and how long at half of
// that rate a write takes until it is readable on both others.
func (b *bench) measureLatency(ctx context.Context, g *nodeGroup) error {
	writer, others := g.nodes[0], g.nodes[1:]
	if err := writer.Fill(ctx, b.flags.load); err != nil {
		return err
	}
	rates, err := b.fastest(ctx, writer)
	if err != nil {
		return err
	}
	half := report.Median(rates) / 2
	b.Note("One node of the group is written to at %.0f sets a second at most, with %d connections; half of that is %.0f.",
		2*half, b.flags.load.Conns, half)
	var medians, tails []float64
	for round := range b.flags.load.Rounds {
		if _, err := g.settle(ctx, g.nodes...); err != nil {
			return err
		}
		board := newSampleBoard(others)
		rate, err := b.paceAndWatch(ctx, writer, board, round, half)
		if err != nil {
			return err
		}
		h := board.latencies()
		b.Logf("round %d: %.0f of %.0f sets a second, %d samples readable after p50 %v, p99 %v, at most %v",
			round+1, rate, half, h.Total, h.Quantile(0.5), h.Quantile(0.99), h.Max)
		if rate < 0.95*half {
			b.Note("Round %d reached only %.0f sets a second.", round+1, rate)
		}
		medians = append(medians, report.Milliseconds(h.Quantile(0.5)))
		tails = append(tails, report.Milliseconds(h.Quantile(0.99)))
	}
	b.Add(report.LimitRow("written to readable on both others, median", "ms", medians, syncMedianTarget, true),
		report.LimitRow("written to readable on both others, p99", "ms", tails, syncTailTarget, true))
	return nil
}

// fastest measures how many sets per second a node reaches at most, round by round.
func (b *bench) fastest(ctx context.Context, n *member) (rates []float64, err error) {
	t := n.Target(b.flags.load)
	for round := range b.flags.load.Rounds {
		s, err := load.Measure(ctx, &t, load.Set, b.flags.load, cpu.Any, uint64(round+1))
		if err != nil {
			return nil, err
		}
		b.Logf("round %d: %.0f sets a second, p99 %v", round+1, s.Rate(), s.Latencies.Quantile(0.99))
		rates = append(rates, s.Rate())
	}
	return rates, nil
}

// paceAndWatch writes for a round and watches the samples until all are readable. It
// returns how many sets per second were done.
func (b *bench) paceAndWatch(ctx context.Context, writer *member, board *sampleBoard, round int, rate float64) (float64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watching := board.watch(ctx, writer.Target(b.flags.load))
	p := &pacedWriter{
		target: writer.Target(b.flags.load), conns: b.flags.load.Conns, rate: rate, length: b.flags.load.Length(),
		board: board, firstSample: uint64(round+1) << 32,
	}
	done, err := p.run(ctx)
	if err != nil {
		cancel()
		_ = watching() // it was ended
		return 0, err
	}
	board.end()
	if err := watching(); err != nil {
		return 0, fmt.Errorf("samples: %w", err)
	}
	return done, nil
}

// sampleLimit is how long after the last write all samples have to be readable.
const sampleLimit = 30 * time.Second
