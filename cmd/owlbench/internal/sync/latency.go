package sync

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/report"
)

func (b *bench) measureLatency(ctx context.Context, g nodeGroup) error {
	writer, others := g[0], g[1:]
	if err := writer.Fill(ctx, b.Options); err != nil {
		return err
	}
	rates, err := b.fastest(ctx, writer)
	if err != nil {
		return err
	}
	half := report.Median(rates) / 2
	b.Note("One node of the group is written to at %.0f sets a second at most, with %d connections; half of that is %.0f.",
		2*half, b.Conns, half)
	var medians, tails []float64
	for round := range b.Rounds {
		if _, err := settle(ctx, g); err != nil {
			return err
		}
		board := newSampleBoard(others)
		rate, err := b.paceAndWatch(ctx, writer, board, round, half)
		if err != nil {
			return err
		}
		h := board.latencies()
		median, tail := h.Quantile(0.5), h.Quantile(0.99)
		b.Logf("round %d: %.0f of %.0f sets a second, %d samples readable after p50 %v, p99 %v, at most %v",
			round+1, rate, half, h.Total, median, tail, h.Max)
		if rate < 0.95*half {
			b.Note("Round %d reached only %.0f sets a second.", round+1, rate)
		}
		medians, tails = append(medians, report.Milliseconds(median)), append(tails, report.Milliseconds(tail))
	}
	b.Add(report.LimitRow("written to readable on both others, median", "ms", medians, medianTarget, true),
		report.LimitRow("written to readable on both others, p99", "ms", tails, tailTarget, true))
	return nil
}

func (b *bench) fastest(ctx context.Context, n *member) (rates []float64, err error) {
	t := n.Target(b.Options)
	for round := range b.Rounds {
		s, err := b.Measure(ctx, &t, load.Set, round+1)
		if err != nil {
			return nil, err
		}
		b.Logf("round %d: %.0f sets a second, p99 %v", round+1, s.Rate(), s.Latencies.Quantile(0.99))
		rates = append(rates, s.Rate())
	}
	return rates, nil
}

// paceAndWatch writes for a round and returns the rate when all samples are readable.
func (b *bench) paceAndWatch(ctx context.Context, writer *member, board *sampleBoard, round int, rate float64) (float64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watching := board.watch(ctx, writer.Target(b.Options))
	p := &pacedWriter{
		Options: b.Options, target: writer.Target(b.Options), rate: rate, board: board, firstSample: uint64(round+1) << 32,
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

// pacedWriter writes to a node at a given rate. A connection that falls behind makes up for it.
type pacedWriter struct {
	load.Options
	target      load.Target
	rate        float64 // sets per second
	board       *sampleBoard
	firstSample uint64 // number of the first key that is a sample

	samples atomic.Uint64
	writes  atomic.Uint64
}

func (p *pacedWriter) run(ctx context.Context) (float64, error) {
	group, ctx := errgroup.WithContext(ctx)
	started := time.Now()
	for i := range p.Conns {
		group.Go(func() error { return p.write(ctx, i, started) })
	}
	err := group.Wait()
	return float64(p.writes.Load()) / time.Since(started).Seconds(), err
}

func (p *pacedWriter) write(ctx context.Context, number int, started time.Time) error {
	c, err := load.Dial(ctx, p.target.Addr, p.target.Parse)
	if err != nil {
		return err
	}
	defer c.Close()
	rng := rand.New(rand.NewPCG(1, uint64(number)))
	step := time.Duration(float64(p.Conns) / p.rate * float64(time.Second))
	due := started.Add(step * time.Duration(number) / time.Duration(p.Conns))
	var request []byte
	for n := 0; due.Sub(started) < p.Length(); n++ {
		load.Pause(ctx, time.Until(due))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		key := rng.Uint64N(p.target.Keys)
		if (n+number)%50 == 0 { // a sample
			key = p.firstSample + p.samples.Add(1)
			p.board.add(key)
		}
		request = p.target.Set.Append(request[:0], key)
		resp, err := c.Do(string(request))
		if err = cmp.Or(err, resp.MustBeOK("set")); err != nil {
			return err
		}
		p.writes.Add(1)
		due = due.Add(step)
	}
	return nil
}
