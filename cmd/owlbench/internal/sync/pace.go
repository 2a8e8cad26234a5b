package sync

import (
	"cmp"
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"owlcache/cmd/owlbench/internal/load"
)

// sampleEvery is of how many writes one is a sample.
const sampleEvery = 50

// pacedWriter writes to a node at a given rate. A connection that falls behind makes up for it.
type pacedWriter struct {
	target      load.Target
	conns       int
	rate        float64 // sets per second
	length      time.Duration
	board       *sampleBoard
	firstSample uint64 // number of the first key that is a sample

	samples atomic.Uint64
	writes  atomic.Uint64
}

// run writes for its length and returns how many sets per second were done.
func (p *pacedWriter) run(ctx context.Context) (float64, error) {
	group, ctx := errgroup.WithContext(ctx)
	started := time.Now()
	for i := range p.conns {
		group.Go(func() error { return p.write(ctx, i, started) })
	}
	err := group.Wait()
	return float64(p.writes.Load()) / time.Since(started).Seconds(), err
}

// write writes over one connection.
func (p *pacedWriter) write(ctx context.Context, number int, started time.Time) error {
	c, err := load.Dial(ctx, p.target.Addr, p.target.Parse)
	if err != nil {
		return err
	}
	defer c.Close()
	rng := rand.New(rand.NewPCG(1, uint64(number)))
	step := time.Duration(float64(p.conns) / p.rate * float64(time.Second))
	due := started.Add(step * time.Duration(number) / time.Duration(p.conns))
	var request []byte
	for n := 0; due.Sub(started) < p.length; n++ {
		load.Pause(ctx, time.Until(due))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		key := rng.Uint64N(p.target.Keys)
		if (n+number)%sampleEvery == 0 {
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
