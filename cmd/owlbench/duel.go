package main

import (
	"context"
	"fmt"
)

// duel is two targets under the same load, in turns.
type duel struct {
	a, b []float64 // requests per second of each round
}

// fight puts load on two targets, in turns, one short round each to warm up
// and then all rounds.
func (c *comparison) fight(ctx context.Context, m mix, a, b *target) (duel, error) {
	var d duel
	warmup := c.load
	warmup.Seconds = min(1, c.load.Seconds)
	for _, t := range []*target{a, b} {
		if _, err := measure(ctx, t, m, warmup, c.cpus.load, 0); err != nil {
			return d, err
		}
	}
	for round := range c.load.Rounds {
		seed := uint64(round + 1)
		one, err := measure(ctx, a, m, c.load, c.cpus.load, seed)
		if err != nil {
			return d, err
		}
		two, err := measure(ctx, b, m, c.load, c.cpus.load, seed)
		if err != nil {
			return d, err
		}
		d.a, d.b = append(d.a, one.rate()), append(d.b, two.rate())
		c.logf("%s round %d: %s %.0f/s (load %s), %s %.0f/s (load %s)", m, round+1,
			a.name, one.rate(), one.load(), b.name, two.rate(), two.load())
	}
	return d, nil
}

// load says which share of a CPU the load generator used. Near all of it, the
// figure is that of the load generator, not that of the server.
func (s *sample) load() string {
	return fmt.Sprintf("%.0f %%", 100*s.busy.Seconds()/s.elapsed.Seconds())
}
