package main

import (
	"context"
	"fmt"
	"time"
)

// noCPU stands for: on any CPU.
const noCPU = -1

// sample is what one round of load measured.
type sample struct {
	ops       uint64
	elapsed   time.Duration
	busy      time.Duration // CPU time of the load generator
	latencies histogram
}

// rate returns the requests per second.
func (s *sample) rate() float64 { return float64(s.ops) / s.elapsed.Seconds() }

// load says which share of a CPU the load generator used. Near all of it, the
// figure is that of the load generator, not that of the server.
func (s *sample) load() string {
	return fmt.Sprintf("%.0f %%", 100*s.busy.Seconds()/s.elapsed.Seconds())
}

// measure puts load on a target for the length of a round and returns what it
// measured. The first answer that is not as expected ends it.
func measure(ctx context.Context, t *target, m mix, o loadOptions, cpu int, seed uint64) (*sample, error) {
	lanes := make([]*lane, o.Conns)
	for i := range lanes {
		lanes[i] = newLane(t, m, seed, uint64(i))
	}
	return drive(ctx, t.addr, lanes, o.length(), cpu)
}
