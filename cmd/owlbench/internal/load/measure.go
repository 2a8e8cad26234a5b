package load

import (
	"context"
	"fmt"
	"time"
)

// Sample is what one round of load measured.
type Sample struct {
	Ops       uint64
	Elapsed   time.Duration
	Busy      time.Duration // CPU time of the load generator
	Latencies Histogram
}

// Rate returns the requests per second.
func (s *Sample) Rate() float64 { return float64(s.Ops) / s.Elapsed.Seconds() }

// load says which share of a CPU the load generator used. Near all of it, the
// figure is that of the load generator, not that of the server.
func (s *Sample) load() string {
	return fmt.Sprintf("%.0f %%", 100*s.Busy.Seconds()/s.Elapsed.Seconds())
}

// Measure puts load on a target for the length of a round and returns what it
// measured. The first answer that is not as expected ends it.
func Measure(ctx context.Context, t *Target, m Op, o Options, core int, seed uint64) (*Sample, error) {
	conns := make([]*connection, o.Conns)
	for i := range conns {
		conns[i] = newConnection(t, m, seed, uint64(i))
	}
	return drive(ctx, t.Addr, conns, o.Length(), core)
}

// Pause waits, unless ctx ends before.
func Pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// Every calls f at once and then every d, until end is called or f fails. end waits for
// it, and returns its error.
func Every(ctx context.Context, d time.Duration, f func() error) (end func() error) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		var err error
		for err == nil && ctx.Err() == nil {
			err = f()
			Pause(ctx, d)
		}
		ended <- err
	}()
	return func() error {
		cancel()
		return <-ended
	}
}
