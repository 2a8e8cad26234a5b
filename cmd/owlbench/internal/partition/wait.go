package partition

import (
	"context"
	"fmt"
	"time"

	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/node"
)

// Limits of what nodes may take when the network is whole.
const (
	equalLimit  = 30 * time.Second // until their digests are equal
	equalTarget = 10 * time.Second // of 99 in 100 times
	wholeLimit  = time.Minute      // until each takes all others as alive
)

// equal waits until all nodes hold the same, and returns how long that is after since.
func (r *trial) equal(ctx context.Context, since time.Time) (time.Duration, error) {
	return r.await(ctx, since, equalLimit, "hold the same", func() error { return node.HoldSame(ctx, r.nodes) })
}

// apart makes sure that a cut keeps nodes apart, after all have been written to.
func (r *trial) apart(ctx context.Context, plan roundPlan) error {
	if plan.kind == cutUDP || plan.kind == cutPairs {
		return nil // over TCP, or a way around, they may agree all the time
	}
	digests, err := node.AskAll(ctx, r.nodes, (*member).Digest)
	if err != nil {
		return err
	}
	for _, c := range plan.cuts {
		if digests[c.from-1] == digests[c.to-1] {
			return fmt.Errorf("nodes %d and %d hold the same while the network is cut: it is not", c.from, c.to)
		}
	}
	return nil
}

// whole waits until each node takes all others as alive.
func (r *trial) whole(ctx context.Context) (time.Duration, error) {
	return r.await(ctx, time.Now(), wholeLimit, "find each other", func() error { return node.FindAll(ctx, r.nodes) })
}

func (r *trial) await(ctx context.Context, since time.Time, limit time.Duration, what string, condition func() error) (time.Duration, error) {
	for {
		err := condition()
		took := time.Since(since)
		switch {
		case ctx.Err() != nil:
			return took, ctx.Err()
		case err == nil && took <= limit:
			return took, nil
		case took > limit:
			return took, fmt.Errorf("the nodes did not %s within %v of the network being whole: %w%s", what, limit, err, r.states(ctx))
		}
		load.Pause(ctx, 50*time.Millisecond)
	}
}

func (r *trial) states(ctx context.Context) (lines string) {
	for _, n := range r.nodes {
		var state any
		err := n.JSON(ctx, "/admin/cluster", &state)
		lines += fmt.Sprintf("\nnode %d: %v", n.number, state)
		if err != nil {
			lines += err.Error()
		}
	}
	return lines
}

func (r *trial) check(ctx context.Context) error {
	lists, err := node.AskAll(ctx, r.nodes, (*member).ownWrites)
	if err != nil {
		return err
	}
	logs := map[int][]loggedWrite{}
	for i, n := range r.nodes {
		logs[n.number] = lists[i]
	}
	if err := r.truth.take(r.sessions, logs); err != nil {
		return err
	}
	holdings, err := node.AskAll(ctx, r.nodes, func(m *member, ctx context.Context) (holding, error) { return r.holding(ctx, m) })
	if err != nil {
		return err
	}
	for _, h := range holdings {
		if err := r.truth.check(h); err != nil {
			return err
		}
	}
	return nil
}

func (r *trial) holding(ctx context.Context, n *member) (h holding, err error) {
	h = holding{node: n.number, values: map[string]string{}}
	if h.entries, err = n.entries(ctx); err != nil {
		return h, err
	}
	c, err := load.DialClassic(ctx, n.Addr, n.Token)
	if err != nil {
		return h, err
	}
	defer c.Close()
	for key := range r.truth.best {
		got, _, err := c.Get(key)
		if err != nil {
			return h, err
		}
		h.values[key] = string(got.Value)
	}
	return h, nil
}
