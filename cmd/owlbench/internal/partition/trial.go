package partition

import (
	"cmp"
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/report"
)

// options say what a trial does. The zero value of a field means its default.
type options struct {
	Rounds  int           // cuts, default 10
	Nodes   int           // default 5
	Keys    int           // that are written all the time, default 200
	Seed    uint64        // of all that is random but the timing; default a new one
	Longest time.Duration // cut, default 10 s; the shortest is half of it
}

func (o options) withDefaults() (options, error) {
	o.Rounds = cmp.Or(o.Rounds, 10)
	o.Nodes = cmp.Or(o.Nodes, 5)
	o.Keys = cmp.Or(o.Keys, 200)
	o.Seed = cmp.Or(o.Seed, uint64(time.Now().UnixNano()))
	o.Longest = cmp.Or(o.Longest, 10*time.Second)
	switch {
	case o.Rounds < 0 || o.Longest < 0:
		return o, report.Usage(errors.New("numbers have to be positive"))
	case o.Nodes < 2 || o.Nodes > maxNodes:
		return o, report.Usage(fmt.Errorf("--nodes: want 2 to %d", maxNodes))
	case o.Keys < workersOfNode:
		return o, report.Usage(fmt.Errorf("--keys: want at least %d", workersOfNode))
	}
	return o, nil
}

// What the load is made of.
const (
	workersOfNode = 2
	doomedKeys    = 40 // in a round, deleted on some node while the network is cut
	lateKeys      = 20 // in a round, deleted on some node when it is whole again
)

type trial struct {
	options
	program  string
	dir      string
	logf     func(format string, args ...any)
	rng      *rand.Rand
	nodes    []*member
	keys     []string
	truth    truth
	clock    atomic.Uint64
	sessions []*session // of the round
	outcome  outcome
}

func newTrial(o options, program, dir string, logf func(string, ...any)) *trial {
	r := &trial{options: o, program: program, dir: dir, logf: logf, rng: rand.New(rand.NewPCG(o.Seed, 0))}
	for i := range o.Keys {
		r.keys = append(r.keys, fmt.Sprintf("key %d", i))
	}
	return r
}

// run does all rounds. Data that is lost or made up is a violation.
func (r *trial) run(ctx context.Context) (outcome, error) {
	r.outcome = outcome{Seed: r.Seed, Nodes: r.Nodes}
	defer func() {
		for _, n := range r.nodes {
			n.Kill() // its data is of no more use, or is to be looked at as it is
		}
	}()
	if err := r.start(ctx); err != nil {
		return r.outcome, err
	}
	for i, plan := range newRoundPlans(r.rng, r.Rounds, r.Nodes, r.Longest) {
		if err := r.round(ctx, i+1, plan); err != nil {
			return r.outcome, fmt.Errorf("round %d, %s: %w", i+1, plan, err)
		}
	}
	return r.outcome, nil
}

func (r *trial) start(ctx context.Context) error {
	if err := settleIn(); err != nil {
		return err
	}
	if err := buildNetwork(ctx, r.Nodes); err != nil {
		return err
	}
	password, key := crand.Text(), crand.Text()
	for i := range r.Nodes {
		n, err := startMember(ctx, r.program, r.dir, i+1, password, key)
		if err != nil {
			return err
		}
		r.nodes = append(r.nodes, n)
	}
	_, err := r.whole(ctx)
	return err
}

func (r *trial) round(ctx context.Context, number int, plan roundPlan) error {
	defer func() {
		for _, s := range r.sessions {
			s.client.Close()
		}
		r.sessions = nil
	}()
	doomed, late := namedKeys(number, "doomed", doomedKeys), namedKeys(number, "late", lateKeys)
	if err := r.onAnyNode(ctx, append(doomed, late...), (*session).set); err != nil {
		return err
	}
	if _, err := r.equal(ctx, time.Now()); err != nil {
		return fmt.Errorf("before the cut: %w", err)
	}
	healed, err := r.load(ctx, plan, doomed, late)
	if err != nil {
		return err
	}
	result := roundOutcome{Kind: plan.kind}
	if result.Equal, err = r.equal(ctx, healed); err != nil {
		return err
	}
	if result.Members, err = r.whole(ctx); err != nil {
		return err
	}
	if err := r.onAnyNode(ctx, late, (*session).remove); err != nil {
		return err
	}
	if _, err := r.equal(ctx, time.Now()); err != nil {
		return fmt.Errorf("after the last deletions: %w", err)
	}
	if err := r.check(ctx); err != nil {
		return err
	}
	for _, s := range r.sessions {
		result.count(s.events)
	}
	r.outcome.Results = append(r.outcome.Results, result)
	r.logf("%s: equal after %v", plan, result.Equal.Round(time.Millisecond))
	return nil
}

func namedKeys(round int, name string, n int) (keys []string) {
	for i := range n {
		keys = append(keys, fmt.Sprintf("round %d %s %d", round, name, i))
	}
	return keys
}

func (r *trial) session(ctx context.Context, n *member) (*session, error) {
	client, err := load.DialClassic(ctx, n.Addr, n.Token)
	if err != nil {
		return nil, err
	}
	s := &session{node: n.number, client: client, clock: &r.clock}
	r.sessions = append(r.sessions, s)
	return s, nil
}

func (r *trial) onAnyNode(ctx context.Context, keys []string, do func(*session, string) error) error {
	var sessions []*session
	for _, n := range r.nodes {
		s, err := r.session(ctx, n)
		if err != nil {
			return err
		}
		sessions = append(sessions, s)
	}
	for _, key := range keys {
		if err := do(sessions[r.rng.IntN(len(sessions))], key); err != nil {
			return err
		}
	}
	return nil
}

// load has all nodes written to, cuts the network meanwhile, and heals it. It returns when it was
// whole again, or when the load has ended, if that was later.
func (r *trial) load(ctx context.Context, plan roundPlan, doomed, change []string) (healed time.Time, err error) {
	workers, err := r.workers(ctx, doomed, change)
	if err != nil {
		return healed, err
	}
	group, groupCtx := errgroup.WithContext(ctx) // ends when a worker fails
	stop := make(chan struct{})
	for _, w := range workers {
		group.Go(func() error { return w.run(groupCtx, stop) })
	}
	err = changeCuts(ctx, "add", plan.cuts)
	load.Pause(groupCtx, plan.last)
	if plan.writeOn == 0 {
		close(stop)
		if err = errors.Join(err, group.Wait()); err == nil {
			err = r.apart(ctx, plan)
		}
	}
	err = errors.Join(err, changeCuts(ctx, "del", plan.cuts))
	healed = time.Now()
	if plan.writeOn > 0 {
		load.Pause(groupCtx, plan.writeOn)
		close(stop)
		err = errors.Join(err, group.Wait())
	}
	return healed, err
}

func (r *trial) workers(ctx context.Context, doomed, change []string) (workers []*worker, err error) {
	for _, n := range r.nodes {
		for slot := range workersOfNode {
			s, err := r.session(ctx, n)
			if err != nil {
				return nil, err
			}
			w := &worker{session: s, keys: r.keys, rng: rand.New(rand.NewPCG(r.rng.Uint64(), 0))}
			for i := slot; i < len(r.keys); i += workersOfNode {
				w.own = append(w.own, r.keys[i])
			}
			workers = append(workers, w)
		}
	}
	handOut := func(do func(*session, string) error, keys []string) {
		for _, key := range keys {
			w := workers[r.rng.IntN(len(workers))]
			w.todo = append(w.todo, func() error { return do(w.session, key) })
		}
	}
	handOut((*session).remove, doomed)
	handOut((*session).set, change)
	return workers, nil
}
