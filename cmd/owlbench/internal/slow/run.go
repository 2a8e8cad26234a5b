package slow

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/node"
	"owlcache/cmd/owlbench/internal/report"
)

// The targets.
const (
	slowRateTarget   = 0.8 // of the others' rate without slow clients
	slowTailTarget   = 2.0 // of their p99
	slowMemoryTarget = 64  // KiB for each slow client, beside slowBodyMemory
	slowBodyMemory   = 64  // MiB that the node has for large answers, all together
	slowSettle       = time.Second
	// slowPing is how much longer than the other limits a node waits for a WebSocket: it
	// pings it, twice. slowGrace is for what takes longer on a busy machine.
	slowPing  = 10 * time.Second
	slowGrace = 2 * time.Second
)

// bench is a run of owlbench slow.
type bench struct {
	*node.Site
	report.Results
	flags flags
}

// run does everything, on a node without HTTPS and on one with it.
func (b *bench) run(ctx context.Context) error {
	if err := b.fitFiles(); err != nil {
		return err
	}
	if err := b.fill(ctx); err != nil {
		return fmt.Errorf("set the keys: %w", err)
	}
	for _, https := range []bool{false, true} {
		kinds := b.flags.kinds(https, "")
		if len(kinds) == 0 {
			continue
		}
		s := &series{bench: b, https: https, name: kindNames(kinds)}
		if err := s.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// fill makes the directory of the node, with all keys.
func (b *bench) fill(ctx context.Context) error {
	n, err := b.startSlowNode(ctx, false)
	if err != nil {
		return err
	}
	defer n.Kill()
	token, err := load.Login(ctx, n.Addr, b.Password)
	if err != nil {
		return err
	}
	t := load.HTTPTarget(n.Addr, token, b.flags.load)
	if err := load.Preload(ctx, &t); err != nil {
		return err
	}
	form := url.Values{"cmd": {"set"}, "key": {slowLarge}, "valuedata": {load.SampleValue(largeValue)}, "token": {token}}
	resp, err := load.Ask(ctx, n.Addr, load.ParseHTTP, load.HTTPPost("/data/", form.Encode()))
	if err == nil && resp.Status != 200 {
		err = load.Unexpected("set", resp)
	}
	if err != nil {
		return err
	}
	return n.Terminate(node.StopPatience)
}

func kindNames(kinds []clientKind) string {
	var names []string
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return strings.Join(names, ", ")
}

// series is the rounds with one node.
type series struct {
	*bench
	https  bool
	name   string
	node   *server
	kinds  []clientKind
	others []*otherClients
	peak   atomic.Int64 // bytes
	base   int64
	reaped []float64 // seconds until all were closed
}

// otherClients are clients that work while others are slow.
type otherClients struct {
	name          string
	target        load.Target
	alone, beside samples
}

// samples are the rounds of one kind.
type samples struct {
	rates []float64
	tails []float64 // p99 in ms
}

func (s *series) run(ctx context.Context) (err error) {
	if s.node, err = s.startSlowNode(ctx, s.https); err != nil {
		return err
	}
	defer s.node.Kill()
	if err := s.prepare(ctx); err != nil {
		return err
	}
	before, err := s.node.figures(ctx)
	if err != nil {
		return err
	}
	if s.base, err = residentBytes(s.node.Cmd.Process.Pid); err != nil {
		return err
	}
	watching, stop := context.WithCancel(ctx)
	var group errgroup.Group
	group.Go(func() error { return s.watchMemory(watching) })
	for round := range s.flags.load.Rounds {
		if err = s.round(ctx, round+1); err != nil {
			break
		}
	}
	stop()
	if watchErr := group.Wait(); err == nil {
		err = watchErr
	}
	if err != nil {
		return err
	}
	after, err := s.node.figures(ctx)
	if err != nil {
		return err
	}
	if after.keys != before.keys {
		return fmt.Errorf("there are %d keys, %d before: slow clients have written, and none of them has sent a whole request", after.keys, before.keys)
	}
	s.addRows()
	return s.node.Terminate(node.StopPatience)
}

// prepare sets what others and slow clients use, and the kinds of these.
func (s *series) prepare(ctx context.Context) error {
	opts, token := s.flags.load, ""
	tcp := load.TCPTarget(node.Loopback(s.node.tcp), opts)
	s.others = []*otherClients{{name: "TCP", target: tcp}}
	if !s.https {
		var err error
		if token, err = load.Login(ctx, s.node.Addr, s.Password); err != nil {
			return err
		}
		s.others = append(s.others, &otherClients{name: "HTTP", target: load.HTTPTarget(s.node.Addr, token, opts)})
	}
	s.kinds = s.flags.kinds(s.https, token)
	for _, o := range s.others { // what the first requests cost is not counted
		if _, err := load.Measure(ctx, &o.target, load.Mixed, opts, s.CPUs.Load, 0); err != nil {
			return err
		}
	}
	return nil
}

// watchMemory keeps the greatest memory of the node until ctx ends.
func (s *series) watchMemory(ctx context.Context) error {
	for ctx.Err() == nil {
		n, err := residentBytes(s.node.Cmd.Process.Pid)
		if err != nil {
			return err
		}
		if n > s.peak.Load() {
			s.peak.Store(n)
		}
		load.Pause(ctx, 50*time.Millisecond)
	}
	return nil
}

// round measures the others alone and beside slow clients, and waits until the node has
// closed all of these.
func (s *series) round(ctx context.Context, number int) error {
	if err := s.measureOthers(ctx, number, func(o *otherClients) *samples { return &o.alone }); err != nil {
		return err
	}
	crowd, err := startCrowd(ctx, s.kinds, s.flags.clients, s.node.http, s.node.tcp, s.CPUs.Load)
	if err != nil {
		return fmt.Errorf("slow clients: %w", err)
	}
	opened := time.Now()
	err = s.besideCrowd(ctx, number, crowd, opened)
	if endErr := crowd.end(); err == nil {
		err = endErr
	}
	return err
}

func (s *series) besideCrowd(ctx context.Context, number int, crowd *crowd, opened time.Time) error {
	load.Pause(ctx, slowSettle) // that they come is another matter than that they are there
	first, err := s.node.figures(ctx)
	if err != nil {
		return err
	}
	if err := s.measureOthers(ctx, number, func(o *otherClients) *samples { return &o.beside }); err != nil {
		return err
	}
	last, err := s.node.figures(ctx)
	if err != nil {
		return err
	}
	took, err := s.reap(ctx, opened)
	if err != nil {
		return err
	}
	s.reaped = append(s.reaped, took.Seconds())
	s.Logf("round %d: %d slow clients open at the begin, %d at the end, all closed after %.1f s; memory %d MB at most",
		number, first.slowTotal(), last.slowTotal(), took.Seconds(), s.peak.Load()/1e6)
	if last.slowTotal() < s.flags.clients/2 {
		s.Note("Round %d: only %d slow clients were left at the end of the measurement: give a longer --limit.", number, last.slowTotal())
	}
	return nil
}

// measureOthers measures all others, one after the other.
func (s *series) measureOthers(ctx context.Context, number int, into func(*otherClients) *samples) error {
	for _, o := range s.others {
		sample, err := load.Measure(ctx, &o.target, load.Mixed, s.flags.load, s.CPUs.Load, uint64(number))
		if err != nil {
			return err
		}
		to := into(o)
		to.rates = append(to.rates, sample.Rate())
		to.tails = append(to.tails, report.Milliseconds(sample.Latencies.Quantile(0.99)))
		s.Logf("round %d: %s %.0f/s, p99 %v, at most %v", number, o.name, sample.Rate(), sample.Latencies.Quantile(0.99), sample.Latencies.Max)
	}
	return nil
}

// reap waits until the node has no connection of a slow client any more, and returns how
// long after opened that was.
func (s *series) reap(ctx context.Context, opened time.Time) (time.Duration, error) {
	for {
		f, err := s.node.figures(ctx)
		took := time.Since(opened)
		switch {
		case err != nil:
			return took, err
		case f.slowTotal() == 0:
			return took, nil
		case took > 2*s.reapLimit()+time.Minute:
			return took, fmt.Errorf("%d slow clients are still connected after %v", f.slowTotal(), took)
		}
		load.Pause(ctx, 50*time.Millisecond)
	}
}

// reapLimit is when all slow clients have to be closed.
func (s *series) reapLimit() time.Duration {
	limit := s.flags.limit + slowGrace
	for _, k := range s.kinds {
		if strings.HasPrefix(k.name, "ws-") {
			return limit + slowPing
		}
	}
	return limit
}

// addRows makes the rows of the report.
func (s *series) addRows() {
	beside, alone := "beside slow clients", "alone"
	if s.https {
		beside = "beside slow TLS"
	}
	for _, o := range s.others {
		s.Add(
			report.NewRow("get and set over "+o.name+" "+beside, alone, "per second", o.beside.rates, o.alone.rates, slowRateTarget, false),
			report.NewRow("p99 over "+o.name+" "+beside, alone, "ms", o.beside.tails, o.alone.tails, slowTailTarget, true))
	}
	const megabyte = 1e6
	peak := float64(s.peak.Load())
	limit := float64(s.flags.clients)*slowMemoryTarget*1024 + slowBodyMemory<<20
	s.Add(
		report.NewRow("memory at most "+beside, alone, "MB", []float64{peak / megabyte}, []float64{float64(s.base) / megabyte}, 0, true),
		report.LimitRow("growth of memory", "MB", []float64{max(peak-float64(s.base), 1) / megabyte}, limit/megabyte, true),
		report.LimitRow("all of them closed after", "s", s.reaped, s.reapLimit().Seconds(), true))
}
