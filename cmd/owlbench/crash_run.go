package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// crashOptions say how hard a crashRun tries. The zero value of a field means
// its default.
type crashOptions struct {
	Rounds  int           // kills, default 20
	Conns   int           // writers, default 16
	Readers int           // connections that read what others write, default 2
	Keys    int           // per writer, default 64
	Seed    uint64        // of all that is random but the timing; default 1
	MaxLife time.Duration // of the server in a round, default 600 ms
}

// withDefaults fills what is zero and refuses what makes no sense.
func (o crashOptions) withDefaults() (crashOptions, error) {
	o.Rounds = cmp.Or(o.Rounds, 20)
	o.Conns = cmp.Or(o.Conns, 16)
	o.Readers = cmp.Or(o.Readers, 2)
	o.Keys = cmp.Or(o.Keys, 64)
	o.Seed = cmp.Or(o.Seed, 1)
	o.MaxLife = cmp.Or(o.MaxLife, 600*time.Millisecond)
	if o.Rounds < 0 || o.Conns < 0 || o.Readers < 0 || o.Keys < 0 || o.MaxLife < 0 {
		return o, usageError(errors.New("numbers have to be positive"))
	}
	return o, nil
}

// crashServer starts the server that is to be crashed, each time on the same
// data.
type crashServer interface {
	// start starts it with these settings and returns before it is ready.
	start(settings []string) (crashNode, error)
	// login returns a token for a running server.
	login(ctx context.Context, addr string) (string, error)
	// snapshotTime returns when its log was last folded, zero if never.
	snapshotTime() time.Time
}

// crashNode is one life of the server.
type crashNode interface {
	address() string
	waitReady(ctx context.Context) (time.Duration, error)
	kill()                                  // ends it as a crash does and waits
	terminate(patience time.Duration) error // ends it in order and waits
}

// crashReport counts what a crashRun did.
type crashReport struct {
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

// A crashRun writes to a server, ends it at a random moment, starts it again on
// the same data and checks every key, over and over.
type crashRun struct {
	crashOptions
	server  crashServer
	logf    func(format string, args ...any)
	rng     *rand.Rand
	writers []*crashWriter
	readers []*crashReader
	token   string // of the first log-in; it has to stay valid
	report  crashReport
}

// newCrashRun prepares a run. The options have their defaults.
func newCrashRun(o crashOptions, server crashServer, logf func(string, ...any)) *crashRun {
	r := &crashRun{crashOptions: o, server: server, logf: logf, rng: rand.New(rand.NewPCG(o.Seed, 0))}
	var board []*boardEntry
	for i := range o.Conns {
		w := newCrashWriter(o.Seed, i+1, o.Keys)
		r.writers = append(r.writers, w)
		board = append(board, w.board...)
	}
	for i := range o.Readers {
		rng := rand.New(rand.NewPCG(o.Seed, uint64(1_000_000+i)))
		r.readers = append(r.readers, &crashReader{seed: o.Seed, rng: rng, board: board})
	}
	return r
}

// run does all rounds. The error of a server that lost or made up data is a
// *violation.
func (r *crashRun) run(ctx context.Context) (crashReport, error) {
	r.report = crashReport{Seed: r.Seed}
	for n := range r.Rounds {
		if err := r.round(ctx, newCrashPlan(r.rng, n, r.MaxLife)); err != nil {
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
func (r *crashRun) round(ctx context.Context, plan crashPlan) error {
	for _, delay := range plan.startKills {
		if err := r.killStart(plan, delay); err != nil {
			return err
		}
	}
	n, err := r.startChecked(ctx, plan.settings)
	if err != nil {
		return err
	}
	defer n.kill()
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
func (r *crashRun) killStart(plan crashPlan, delay time.Duration) error {
	n, err := r.server.start(plan.settings)
	if err != nil {
		return err
	}
	time.Sleep(delay)
	n.kill()
	r.report.StartKills++
	return nil
}

// startChecked starts the server and checks all keys.
func (r *crashRun) startChecked(ctx context.Context, settings []string) (crashNode, error) {
	n, err := r.server.start(settings)
	if err != nil {
		return nil, err
	}
	if _, err = n.waitReady(ctx); err == nil && r.token == "" {
		r.token, err = r.server.login(ctx, n.address())
	}
	if err == nil {
		err = r.checkAll(ctx, n)
	}
	if err != nil {
		n.kill()
		return nil, err
	}
	return n, nil
}

// checkAll lets all writers check their keys.
func (r *crashRun) checkAll(ctx context.Context, n crashNode) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, w := range r.writers {
		group.Go(func() error {
			c, err := dialCrashClient(ctx, n.address(), r.token)
			if err != nil {
				return err
			}
			defer c.close()
			return w.checkAll(c)
		})
	}
	return group.Wait()
}

// write lets all writers and readers loose and ends the server under them.
func (r *crashRun) write(ctx context.Context, n crashNode, plan crashPlan) error {
	var ending atomic.Bool // from here on a connection may break
	group, groupCtx := errgroup.WithContext(ctx)
	connect := func(run func(context.Context, *crashClient) error) {
		group.Go(func() error {
			err := r.useClient(groupCtx, n.address(), run)
			var v *violation
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
func (r *crashRun) useClient(ctx context.Context, addr string, run func(context.Context, *crashClient) error) error {
	c, err := dialCrashClient(ctx, addr, r.token)
	if err != nil {
		return err
	}
	defer c.close()
	return run(ctx, c)
}

// end ends the server as the plan says.
func (r *crashRun) end(n crashNode, plan crashPlan) error {
	if plan.inOrder {
		r.report.Stops++
		return n.terminate(stopPatience)
	}
	r.report.Kills++
	n.kill()
	return nil
}

// last checks all keys after the last kill, and once more when everything that
// expires soon must be gone.
func (r *crashRun) last(ctx context.Context) error {
	n, err := r.startChecked(ctx, nil)
	if err != nil {
		return err
	}
	defer n.kill()
	r.waitExpired(ctx)
	if err := r.checkAll(ctx, n); err != nil {
		return err
	}
	return n.terminate(stopPatience)
}

// waitExpired waits until all keys that expire within a minute have done so.
func (r *crashRun) waitExpired(ctx context.Context) {
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
func (r *crashRun) count() crashReport {
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
