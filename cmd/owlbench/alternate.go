package main

import "context"

// generator puts load on servers, from one CPU.
type generator struct {
	loadOptions
	cpu  int // or noCPU
	logf func(format string, args ...any)
}

// alternate puts load on two targets, in turns: one short round each to warm up,
// and then all rounds. It returns the requests per second of each round.
func (g generator) alternate(ctx context.Context, m mix, a, b *target) (ratesA, ratesB []float64, err error) {
	warmup := g.loadOptions
	warmup.Seconds = min(1, g.Seconds)
	for _, t := range []*target{a, b} {
		if _, err := measure(ctx, t, m, warmup, g.cpu, 0); err != nil {
			return nil, nil, err
		}
	}
	for round := range g.Rounds {
		seed := uint64(round + 1)
		one, err := measure(ctx, a, m, g.loadOptions, g.cpu, seed)
		if err != nil {
			return nil, nil, err
		}
		two, err := measure(ctx, b, m, g.loadOptions, g.cpu, seed)
		if err != nil {
			return nil, nil, err
		}
		ratesA, ratesB = append(ratesA, one.rate()), append(ratesB, two.rate())
		g.logf("%s round %d: %s %.0f/s (load %s), %s %.0f/s (load %s)", m, round+1,
			a.name, one.rate(), one.load(), b.name, two.rate(), two.load())
	}
	return ratesA, ratesB, nil
}
