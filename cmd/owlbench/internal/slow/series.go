package slow

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/report"
)

// The targets.
const (
	rateTarget   = 0.8 // of the others' rate without slow clients
	tailTarget   = 2.0 // of their p99
	memoryTarget = 64  // KiB for each slow client, beside bodyMemory
	bodyMemory   = 64  // MiB that the node has for large answers, all together
)

const (
	// pingTime is how much longer than the other limits a node waits for a WebSocket: it
	// pings it, twice. grace is for what takes longer on a busy machine.
	pingTime = 10 * time.Second
	grace    = 2 * time.Second
)

// series is the rounds with one node.
type series struct {
	*bench
	https  bool
	node   *server
	kinds  []clientKind
	others []*otherClients
	base   int64        // bytes of memory before all rounds
	peak   atomic.Int64 // and at most
	reaped []float64    // seconds until all were closed
}

type otherClients struct {
	name          string
	target        load.Target
	alone, beside samples
}

type samples struct {
	rates []float64
	tails []float64 // p99 in ms
}

func (s *series) run(ctx context.Context) (err error) {
	if s.node, err = s.startServer(ctx, s.https); err != nil {
		return err
	}
	defer s.node.Kill()
	s.kinds = s.bench.kinds(s.https, s.node.Token)
	s.others = []*otherClients{{name: "TCP", target: load.TCPTarget(s.node.tcp, s.Options)}}
	if !s.https {
		s.others = append(s.others, &otherClients{name: "HTTP", target: s.node.Target(s.Options)})
	}
	if err := s.measureOthers(ctx, 0, func(*otherClients) *samples { return new(samples) }); err != nil {
		return err // what the first requests cost is not counted
	}
	_, before, err := s.node.figures(ctx)
	if err != nil {
		return err
	}
	if s.base, err = s.node.Memory(); err != nil {
		return err
	}
	end := load.Every(ctx, 50*time.Millisecond, func() error {
		now, err := s.node.Memory()
		s.peak.Store(max(s.peak.Load(), now))
		return err
	})
	for round := 1; round <= s.Rounds && err == nil; round++ {
		err = s.round(ctx, round)
	}
	if err = cmp.Or(err, end()); err != nil {
		return err
	}
	_, after, err := s.node.figures(ctx)
	if err == nil && after != before {
		err = fmt.Errorf("there are %d keys, %d before: slow clients have written, and none of them has sent a whole request", after, before)
	}
	if err != nil {
		return err
	}
	s.addRows()
	return s.node.Terminate()
}

// round measures the others alone and beside slow clients, until all of these are closed.
func (s *series) round(ctx context.Context, number int) error {
	if err := s.measureOthers(ctx, number, func(o *otherClients) *samples { return &o.alone }); err != nil {
		return err
	}
	crowd, err := startCrowd(ctx, s.kinds, s.clients, s.node.Addr, s.node.tcp, s.CPU)
	if err != nil {
		return fmt.Errorf("slow clients: %w", err)
	}
	err = s.besideCrowd(ctx, number, time.Now())
	return cmp.Or(err, crowd.end())
}

func (s *series) besideCrowd(ctx context.Context, number int, opened time.Time) error {
	load.Pause(ctx, time.Second) // that they come is another matter than that they are there
	first, _, err := s.node.figures(ctx)
	if err != nil {
		return err
	}
	if err := s.measureOthers(ctx, number, func(o *otherClients) *samples { return &o.beside }); err != nil {
		return err
	}
	last, _, err := s.node.figures(ctx)
	if err != nil {
		return err
	}
	took, err := s.reap(ctx, opened)
	if err != nil {
		return err
	}
	s.reaped = append(s.reaped, took.Seconds())
	s.Logf("round %d: %d slow clients open at the begin, %d at the end, all closed after %.1f s; memory %d MB at most",
		number, first, last, took.Seconds(), s.peak.Load()/1e6)
	if last < s.clients/2 {
		s.Note("Round %d: only %d slow clients were left at the end of the measurement: give a longer --limit.", number, last)
	}
	return nil
}

func (s *series) measureOthers(ctx context.Context, number int, into func(*otherClients) *samples) error {
	for _, o := range s.others {
		sample, err := s.Measure(ctx, &o.target, load.Mixed, number)
		if err != nil {
			return err
		}
		to, tail := into(o), sample.Latencies.Quantile(0.99)
		to.rates, to.tails = append(to.rates, sample.Rate()), append(to.tails, report.Milliseconds(tail))
		s.Logf("round %d: %s %.0f/s, p99 %v, at most %v", number, o.name, sample.Rate(), tail, sample.Latencies.Max)
	}
	return nil
}

// reap waits until the node has closed all slow clients. It returns how long that is after opened.
func (s *series) reap(ctx context.Context, opened time.Time) (time.Duration, error) {
	for {
		slow, _, err := s.node.figures(ctx)
		took := time.Since(opened)
		switch {
		case err != nil || slow == 0:
			return took, err
		case took > 2*s.reapLimit()+time.Minute:
			return took, fmt.Errorf("%d slow clients are still connected after %v", slow, took)
		}
		load.Pause(ctx, 50*time.Millisecond)
	}
}

func (s *series) reapLimit() time.Duration {
	limit := s.limit + grace
	for _, k := range s.kinds {
		if strings.HasPrefix(k.name, "ws-") {
			return limit + pingTime
		}
	}
	return limit
}

func (s *series) addRows() {
	beside, alone := "beside slow clients", "alone"
	if s.https {
		beside = "beside slow TLS"
	}
	for _, o := range s.others {
		s.Add(
			report.NewRow("get and set over "+o.name+" "+beside, alone, "per second", o.beside.rates, o.alone.rates, rateTarget, false),
			report.NewRow("p99 over "+o.name+" "+beside, alone, "ms", o.beside.tails, o.alone.tails, tailTarget, true))
	}
	const megabyte = 1e6
	peak, base := float64(s.peak.Load()), float64(s.base)
	limit := float64(s.clients)*memoryTarget*1024 + bodyMemory<<20
	s.Add(
		report.NewRow("memory at most "+beside, alone, "MB", []float64{peak / megabyte}, []float64{base / megabyte}, 0, true),
		report.LimitRow("growth of memory", "MB", []float64{max(peak-base, 1) / megabyte}, limit/megabyte, true),
		report.LimitRow("all of them closed after", "s", s.reaped, s.reapLimit().Seconds(), true))
}
