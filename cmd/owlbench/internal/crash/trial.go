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
	"owlcache/cmd/owlbench/internal/report"
)

// options say how hard a trial tries. The zero value of a field means its default.
type options struct {
	Rounds  int           // kills
	Conns   int           // writers
	Readers int           // connections that read what others write
	Keys    int           // per writer
	Seed    uint64        // of all that is random but the timing; 0 takes a new one
	MaxLife time.Duration // of the server in a round
}

func (o options) withDefaults() (options, error) {
	o.Rounds = cmp.Or(o.Rounds, 20)
	o.Conns = cmp.Or(o.Conns, 16)
	o.Readers = cmp.Or(o.Readers, 2)
	o.Keys = cmp.Or(o.Keys, 64)
	o.Seed = cmp.Or(o.Seed, uint64(time.Now().UnixNano()))
	o.MaxLife = cmp.Or(o.MaxLife, 600*time.Millisecond)
	if min(o.Rounds, o.Conns, o.Readers, o.Keys, int(o.MaxLife)) < 0 {
		return o, report.Usage(errors.New("numbers have to be positive"))
	}
	return o, nil
}

// server is what is to be crashed, each time on the same data.
type server interface {
	start(settings []string) (life, error)                  // returns before it is ready
	login(ctx context.Context, addr string) (string, error) // returns a token
	snapshotTime() time.Time                                // when its log was last folded, zero if never
}

// life is from a start of the server to its end.
type life interface {
	Address() string
	WaitReady(ctx context.Context) (time.Duration, error)
	Kill()            // ends it as a crash does and waits
	Terminate() error // ends it in order and waits
}

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

type trial struct {
	options
	server  server
	logf    func(format string, args ...any)
	rng     *rand.Rand
	writers []*writer
	readers []*reader
	token   string // of the first log-in; it has to stay valid
	outcome outcome
}

func newTrial(o options, server server, logf func(string, ...any)) *trial {
	r := &trial{options: o, server: server, logf: logf, rng: rand.New(rand.NewPCG(o.Seed, 0)), outcome: outcome{Seed: o.Seed}}
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

// run does all rounds. Data that is lost or made up is a violation.
func (r *trial) run(ctx context.Context) (outcome, error) {
	for n := range r.Rounds {
		if err := r.round(ctx, newRoundPlan(r.rng, n, r.MaxLife)); err != nil {
			return r.count(), fmt.Errorf("round %d: %w", n+1, err)
		}
		r.outcome.Rounds++
	}
	if err := r.last(ctx); err != nil {
		return r.count(), fmt.Errorf("after the last round: %w", err)
	}
	return r.count(), nil
}

func (r *trial) round(ctx context.Context, plan roundPlan) error {
	for _, delay := range plan.startKills {
		n, err := r.server.start(plan.settings)
		if err != nil {
			return err
		}
		load.Pause(ctx, delay)
		n.Kill()
		r.outcome.StartKills++
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
		r.outcome.Folded++
	}
	for _, w := range r.writers { // the histories learn what readers have seen
		for i, h := range w.keys {
			h.seen(w.board[i].seen.Load())
		}
	}
	r.logf("%s", plan)
	return nil
}

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

func (r *trial) checkAll(ctx context.Context, n life) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, w := range r.writers {
		group.Go(func() error { return r.withClient(ctx, n, w.checkAll) })
	}
	return group.Wait()
}

func (r *trial) withClient(ctx context.Context, n life, use func(*load.ClassicClient) error) error {
	c, err := load.DialClassic(ctx, n.Address(), r.token)
	if err != nil {
		return err
	}
	defer c.Close()
	return use(c)
}

// write lets all writers and readers loose and ends the server under them.
func (r *trial) write(ctx context.Context, n life, plan roundPlan) error {
	var ending atomic.Bool // from here on a connection may break
	group, groupCtx := errgroup.WithContext(ctx)
	repeat := func(step func(*load.ClassicClient) error) {
		group.Go(func() error {
			err := r.withClient(groupCtx, n, func(c *load.ClassicClient) (err error) {
				for err == nil && groupCtx.Err() == nil {
					err = step(c)
				}
				return cmp.Or(err, groupCtx.Err())
			})
			if _, violated := errors.AsType[*report.Violation](err); ending.Load() && !violated {
				return ctx.Err()
			}
			return err
		})
	}
	for _, w := range r.writers {
		repeat(w.step)
	}
	for _, reader := range r.readers {
		repeat(reader.step)
	}
	load.Pause(groupCtx, plan.life) // or until somebody has failed
	ending.Store(true)
	var err error
	if plan.inOrder {
		r.outcome.Stops++
		err = n.Terminate()
	} else {
		r.outcome.Kills++
		n.Kill()
	}
	return errors.Join(group.Wait(), err)
}

// last checks all keys, and once more when everything that expires soon must be gone.
func (r *trial) last(ctx context.Context) error {
	n, err := r.startChecked(ctx, nil)
	if err != nil {
		return err
	}
	defer n.Kill()
	now, expired := time.Now().UnixMilli(), int64(0)
	for _, w := range r.writers {
		for _, h := range w.keys {
			expired = max(expired, h.lastExpiry(now, time.Minute.Milliseconds()))
		}
	}
	load.Pause(ctx, time.Until(time.UnixMilli(expired+clockTolerance+1)))
	if err := r.checkAll(ctx, n); err != nil {
		return err
	}
	return n.Terminate()
}

func (r *trial) count() outcome {
	o := r.outcome
	for _, w := range r.writers {
		o.Writes += w.writes
		o.Unanswered += w.unanswered
		o.Checks += w.checks
	}
	for _, reader := range r.readers {
		o.Reads += reader.reads
	}
	return o
}
