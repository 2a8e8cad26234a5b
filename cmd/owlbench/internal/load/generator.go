package load

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
)

// Generator puts load on servers, from one CPU.
type Generator struct {
	Options
	CPU int // or cpu.Any
}

// Sample is what one round of load measured.
type Sample struct {
	Ops       uint64
	Elapsed   time.Duration
	Busy      time.Duration // CPU time of the load generator
	Latencies Histogram
}

// Rate returns the requests per second.
func (s *Sample) Rate() float64 { return float64(s.Ops) / s.Elapsed.Seconds() }

// Load returns the share of a CPU that the load generator used. Near all of it, the figure
// is that of the load generator, not that of the server.
func (s *Sample) Load() float64 { return s.Busy.Seconds() / s.Elapsed.Seconds() }

// Measure puts load on a target for the length of a round and returns what it measured. The first
// answer that is not as expected ends it. Rounds of one number ask for the same keys.
func (g Generator) Measure(ctx context.Context, t *Target, op Op, round int) (*Sample, error) {
	conns := make([]*connection, g.Conns)
	for i := range conns {
		conns[i] = newConnection(t, op, uint64(round), uint64(i))
	}
	return drive(ctx, t.Addr, conns, g.Length(), g.CPU)
}

// Preload sets all keys of a target, pipelined over many connections: it is to
// be over soon, not to be measured.
func Preload(ctx context.Context, t *Target) error {
	const conns = 256
	group, ctx := errgroup.WithContext(ctx)
	share := (t.Keys + conns - 1) / conns
	for first := uint64(0); first < t.Keys; first += share {
		last := min(first+share, t.Keys)
		group.Go(func() error { return preloadRange(ctx, t, first, last) })
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("load %s: %w", t.Name, err)
	}
	return nil
}

func preloadRange(ctx context.Context, t *Target, first, last uint64) error {
	c, err := Dial(ctx, t.Addr, t.Parse)
	if err != nil {
		return err
	}
	defer c.Close()
	var batch []byte
	for first < last && ctx.Err() == nil {
		count := min(last-first, 32)
		batch = batch[:0]
		for i := range count {
			batch = t.Set.Append(batch, first+i)
		}
		if err := c.Pipeline(batch, int(count), func(_ int, r Response) error { return r.MustBeOK("set") }); err != nil {
			return err
		}
		first += count
	}
	return ctx.Err()
}
