package load

import "context"

// Generator puts load on servers, from one CPU.
type Generator struct {
	Options
	CPU  int // or Any
	Logf func(format string, args ...any)
}

// Alternate puts load on two targets, in turns: one short round each to warm up,
// and then all rounds. It returns the requests per second of each round.
func (g Generator) Alternate(ctx context.Context, m Op, a, b *Target) (ratesA, ratesB []float64, err error) {
	warmup := g.Options
	warmup.Seconds = min(1, g.Seconds)
	for _, t := range []*Target{a, b} {
		if _, err := Measure(ctx, t, m, warmup, g.CPU, 0); err != nil {
			return nil, nil, err
		}
	}
	for round := range g.Rounds {
		seed := uint64(round + 1)
		one, err := Measure(ctx, a, m, g.Options, g.CPU, seed)
		if err != nil {
			return nil, nil, err
		}
		two, err := Measure(ctx, b, m, g.Options, g.CPU, seed)
		if err != nil {
			return nil, nil, err
		}
		ratesA, ratesB = append(ratesA, one.Rate()), append(ratesB, two.Rate())
		g.Logf("%s round %d: %s %.0f/s (load %s), %s %.0f/s (load %s)", m, round+1,
			a.Name, one.Rate(), one.load(), b.Name, two.Rate(), two.load())
	}
	return ratesA, ratesB, nil
}
