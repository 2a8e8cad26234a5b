package crash

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/node"
	"owlcache/cmd/owlbench/internal/report"
)

// options say how hard a trial tries. The zero value of a field means
// its default.
type options struct {
	Rounds  int           // kills, default 20
	Conns   int           // writers, default 16
	Readers int           // connections that read what others write, default 2
	Keys    int           // per writer, default 64
	Seed    uint64        // of all that is random but the timing; default 1
	MaxLife time.Duration // of the server in a round, default 600 ms
}

// withDefaults fills what is zero and refuses what makes no sense.
func (o options) withDefaults() (options, error) {
	o.Rounds = cmp.Or(o.Rounds, 20)
	o.Conns = cmp.Or(o.Conns, 16)
	o.Readers = cmp.Or(o.Readers, 2)
	o.Keys = cmp.Or(o.Keys, 64)
	o.Seed = cmp.Or(o.Seed, 1)
	o.MaxLife = cmp.Or(o.MaxLife, 600*time.Millisecond)
	if o.Rounds < 0 || o.Conns < 0 || o.Readers < 0 || o.Keys < 0 || o.MaxLife < 0 {
		return o, report.Usage(errors.New("numbers have to be positive"))
	}
	return o, nil
}

// server starts the server that is to be crashed, each time on the same
// data.
type server interface {
	// start starts it with these settings and returns before it is ready.
	start(settings []string) (life, error)
	// login returns a token for a running server.
	login(ctx context.Context, addr string) (string, error)
	// snapshotTime returns when its log was last folded, zero if never.
	snapshotTime() time.Time
}

// life is one life of the server.
type life interface {
	Address() string
	WaitReady(ctx context.Context) (time.Duration, error)
	Kill()                                  // ends it as a crash does and waits
	Terminate(patience time.Duration) error // ends it in order and waits
}

// outcome counts what a trial did.
type outcome struct {
	Seed       uint64 `json:"seed"`
	Rounds     int    `json:"rounds"`
	Kills      int    `json:"kills"`       // while it was written to
	Stops      int    `json:"stops"`       // in order, while it was written to
	StartKills int    `json:"start_kills"` // while it was starting
	Folded     int    `json:"folded"`      // rounds in which it folded its log
	Writes     uint64 `json:"writes"`
	Unanswered uint64 `json:"unanswered"`
	Checks     uint64 `json:"checks"` // reads of a key by its writer
	Reads      uint64 `json:"reads"`  // reads by others
}

// A trial writes to a server, ends it at a random moment, starts it again on
// the same data and checks every key, over and over.
type trial struct {
	options
	server  server
	logf    func(format string, args ...any)
	rng     *rand.Rand
	writers []*writer
	readers []*reader
	token   string // of the first log-in; it has to stay valid
	report  outcome
}

// newTrial prepares a run. The options have their defaults.
func newTrial(o options, server server, logf func(string, ...any)) *trial {
	r := &trial{options: o, server: server, logf: logf, rng: rand.New(rand.NewPCG(o.Seed, 0))}
	var board []*boardEntry
	for i := range o.Conns {
		w := newWriter(o.Seed, i+1, o.Keys)
		r.writers = append(r.writers, w)
		board = append(board, w.board...)
	}
	for i := range o.Readers {
		rng := rand.New(rand.NewPCG(o.Seed, uint64(1_000_000+i)))
		r.readers = append(r.readers, &reader{seed: o.Seed, rng: rng, board: board})
	}
	return r
}

// run does all rounds. The error of a server that lost or made up data is a
// *violation.
func (r *trial) run(ctx context.Context) (outcome, error) {
	r.report = outcome{Seed: r.Seed}
	for n := range r.Rounds {
		if err := r.round(ctx, newRoundPlan(r.rng, n, r.MaxLife)); err != nil {
			return r.count(), fmt.Errorf("round %d: %w", n+1, err)
		}
		r.report.Rounds++
	}
	if err := r.last(ctx); err != nil {
		return r.count(), fmt.Errorf("after the last round: %w", err)
	}
	return r.count(), nil
}

// round starts the server, checks all keys, writes and ends it.
func (r *trial) round(ctx context.Context, plan roundPlan) error {
	for _, delay := range plan.startKills {
		if err := r.killStart(plan, delay); err != nil {
			return err
		}
	}
	n, err := r.startChecked(ctx, plan.settings)
	if err != nil {
		return err
	}
	defer n.Kill()
	snapshot := r.server.snapshotTime()
	if err := r.write(ctx, n, plan); err != nil {
		return err
	}
	if r.server.snapshotTime() != snapshot {
		r.report.Folded++
	}
	for _, w := range r.writers {
		w.takeSeen()
	}
	r.logf("%s", plan)
	return nil
}

// killStart starts the server and kills it before it may be ready.
func (r *trial) killStart(plan roundPlan, delay time.Duration) error {
	n, err := r.server.start(plan.settings)
	if err != nil {
		return err
	}
	time.Sleep(delay)
	n.Kill()
	r.report.StartKills++
	return nil
}

// startChecked starts the server and checks all keys.
func (r *trial) startChecked(ctx context.Context, settings []string) (life, error) {
	n, err := r.server.start(settings)
	if err != nil {
		return nil, err
	}
	if _, err = n.WaitReady(ctx); err == nil && r.token == "" {
		r.token, err = r.server.login(ctx, n.Address())
	}
	if err == nil {
		err = r.checkAll(ctx, n)
	}
	if err != nil {
		n.Kill()
		return nil, err
	}
	return n, nil
}

// checkAll lets all writers check their keys.
func (r *trial) checkAll(ctx context.Context, n life) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, w := range r.writers {
		group.Go(func() error {
			c, err := load.DialClassic(ctx, n.Address(), r.token)
			if err != nil {
				return err
			}
			defer c.Close()
			return w.checkAll(c)
		})
	}
	return group.Wait()
}

// write lets all writers and readers loose and ends the server under them.
func (r *trial) write(ctx context.Context, n life, plan roundPlan) error {
	var ending atomic.Bool // from here on a connection may break
	group, groupCtx := errgroup.WithContext(ctx)
	connect := func(run func(context.Context, *load.ClassicClient) error) {
		group.Go(func() error {
			err := r.useClient(groupCtx, n.Address(), run)
			var v *report.Violation
			if ending.Load() && !errors.As(err, &v) {
				return ctx.Err()
			}
			return err
		})
	}
	for _, w := range r.writers {
		connect(w.run)
	}
	for _, reader := range r.readers {
		connect(reader.run)
	}
	select {
	case <-time.After(plan.life):
	case <-groupCtx.Done(): // somebody has failed already
	}
	ending.Store(true)
	err := r.end(n, plan)
	return errors.Join(group.Wait(), err)
}

// useClient runs run on a connection of its own.
func (r *trial) useClient(ctx context.Context, addr string, run func(context.Context, *load.ClassicClient) error) error {
	c, err := load.DialClassic(ctx, addr, r.token)
	if err != nil {
		return err
	}
	defer c.Close()
	return run(ctx, c)
}

// end ends the server as the plan says.
func (r *trial) end(n life, plan roundPlan) error {
	if plan.inOrder {
		r.report.Stops++
		return n.Terminate(node.StopPatience)
	}
	r.report.Kills++
	n.Kill()
	return nil
}

// last checks all keys after the last kill, and once more when everything that
// expires soon must be gone.
func (r *trial) last(ctx context.Context) error {
	n, err := r.startChecked(ctx, nil)
	if err != nil {
		return err
	}
	defer n.Kill()
	r.waitExpired(ctx)
	if err := r.checkAll(ctx, n); err != nil {
		return err
	}
	return n.Terminate(node.StopPatience)
}

// waitExpired waits until all keys that expire within a minute have done so.
func (r *trial) waitExpired(ctx context.Context) {
	now, last := time.Now().UnixMilli(), int64(0)
	for _, w := range r.writers {
		for _, h := range w.keys {
			last = max(last, h.lastExpiry(now, time.Minute.Milliseconds()))
		}
	}
	select {
	case <-time.After(time.Until(time.UnixMilli(last + clockTolerance + 1))):
	case <-ctx.Done():
	}
}

// count returns the report with the counts of writers and readers.
func (r *trial) count() outcome {
	report := r.report
	for _, w := range r.writers {
		report.Writes += w.writes
		report.Unanswered += w.unanswered
		report.Checks += w.checks
	}
	for _, reader := range r.readers {
		report.Reads += reader.reads
	}
	return report
}
