package main

import (
	"context"
	"fmt"
	"time"
)

// measureLatency measures how fast one node can be written to, and how long at half of
// that rate a write takes until it is readable on both others.
func (b *syncBench) measureLatency(ctx context.Context, g *syncGroup) error {
	writer, others := g.nodes[0], g.nodes[1:]
	if err := writer.fill(ctx, b.flags.load); err != nil {
		return err
	}
	rates, err := b.fastest(ctx, writer)
	if err != nil {
		return err
	}
	half := median(rates) / 2
	b.note("One node of the group is written to at %.0f sets a second at most, with %d connections; half of that is %.0f.",
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
		b.logf("round %d: %.0f of %.0f sets a second, %d samples readable after p50 %v, p99 %v, at most %v",
			round+1, rate, half, h.total, h.quantile(0.5), h.quantile(0.99), h.max)
		if rate < 0.95*half {
			b.note("Round %d reached only %.0f sets a second.", round+1, rate)
		}
		medians = append(medians, milliseconds(h.quantile(0.5)))
		tails = append(tails, milliseconds(h.quantile(0.99)))
	}
	b.add(limitRow("written to readable on both others, median", "ms", medians, syncMedianTarget, true),
		limitRow("written to readable on both others, p99", "ms", tails, syncTailTarget, true))
	return nil
}

// fastest measures how many sets per second a node reaches at most, round by round.
func (b *syncBench) fastest(ctx context.Context, n *syncNode) (rates []float64, err error) {
	t := n.target(b.flags.load)
	for round := range b.flags.load.Rounds {
		s, err := measure(ctx, &t, mixSet, b.flags.load, noCPU, uint64(round+1))
		if err != nil {
			return nil, err
		}
		b.logf("round %d: %.0f sets a second, p99 %v", round+1, s.rate(), s.latencies.quantile(0.99))
		rates = append(rates, s.rate())
	}
	return rates, nil
}

// paceAndWatch writes for a round and watches the samples until all are readable. It
// returns how many sets per second were done.
func (b *syncBench) paceAndWatch(ctx context.Context, writer *syncNode, board *sampleBoard, round int, rate float64) (float64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watching := board.watch(ctx, writer.target(b.flags.load))
	p := &pace{
		target: writer.target(b.flags.load), conns: b.flags.load.Conns, rate: rate, length: b.flags.load.length(),
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
