package compare

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"owlcache/cmd/owlbench/internal/cpu"
	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/node"
	"owlcache/cmd/owlbench/internal/report"
)

type restarts struct{ one, all []float64 }

func (c *comparison) compareRestart(ctx context.Context) error {
	if c.Missing("restart", "redis-server") {
		return nil
	}
	for _, step := range []func(context.Context) error{
		c.fillRDB, c.fill, c.addRestarts("restart from the log"), c.fold, c.addRestarts("restart from the snapshot"),
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// addRestarts measures the starts of both sides, in seconds, in turns.
func (c *comparison) addRestarts(what string) func(context.Context) error {
	return func(ctx context.Context) error {
		var owl, peer restarts
		for round := range c.Rounds {
			if err := owl.add(ctx, c.restartNode, c.CPUs.Server); err != nil {
				return err
			}
			if err := peer.add(ctx, c.restartRedis, c.CPUs.Server); err != nil {
				return err
			}
			c.Logf("%s round %d: owlcache %.2f s (%.2f s on all CPUs), redis %.2f s (%.2f s)", what, round+1,
				owl.one[round], owl.all[round], peer.one[round], peer.all[round])
		}
		c.Add(
			report.NewRow(what, "redis from RDB", "s", owl.one, peer.one, 1, true),
			report.NewRow(what+", all CPUs", "redis from RDB", "s", owl.all, peer.all, 0, true))
		return nil
	}
}

// add measures one start on one CPU and one on all. start waits until the server serves,
// ends it again, and returns how long the start took.
func (r *restarts) add(ctx context.Context, start func(context.Context, int) (time.Duration, error), core int) error {
	one, err := start(ctx, core)
	if err != nil {
		return err
	}
	all, err := start(ctx, cpu.Any)
	r.one, r.all = append(r.one, one.Seconds()), append(r.all, all.Seconds())
	return err
}

// restartNode starts owlcache. That the first or the last key is lost is an error.
func (c *comparison) restartNode(ctx context.Context, core int) (time.Duration, error) {
	n, err := node.Start(c.NodeOptions(nodeName, core))
	if err != nil {
		return 0, err
	}
	defer n.Kill()
	took, err := n.WaitReady(ctx)
	for _, key := range []uint64{0, c.Keys - 1} {
		var value []byte
		if err == nil {
			value, err = load.AskOK(ctx, n.Addr, "/data/?cmd=get&key="+load.KeyName(key))
		}
		if err == nil && string(value) != load.SampleValue(c.Value) {
			err = fmt.Errorf("%s has another value after the restart", load.KeyName(key))
		}
	}
	if err != nil {
		return 0, err
	}
	return took, n.Terminate()
}

// fold makes owlcache fold its log into its snapshot and waits for it.
func (c *comparison) fold(ctx context.Context) error {
	c.Logf("folding the log")
	options := c.NodeOptions(nodeName, cpu.Any)
	options.Settings = []string{"Logfile=", "Checkpoint_LogSize=64KiB"}
	n, err := node.StartReady(ctx, options)
	if err != nil {
		return err
	}
	defer n.Kill()
	err = n.Process.WaitReady(ctx, node.StartPatience, func() error {
		segments, err := filepath.Glob(filepath.Join(options.Dir, "wal", "*.wal"))
		if err == nil && len(segments) > 1 {
			err = fmt.Errorf("there are %d segments", len(segments))
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("fold the log: %w", err)
	}
	return n.Terminate()
}

func (c *comparison) fillRDB(ctx context.Context) error {
	r, _, err := c.StartFilledRedis(ctx, "redis-rdb", cpu.Any, node.InMemory()...)
	if err != nil {
		return err
	}
	return r.Shutdown(ctx, "SAVE")
}

func (c *comparison) restartRedis(ctx context.Context, core int) (time.Duration, error) {
	started := time.Now()
	r, err := c.StartRedis(ctx, "redis-rdb", core, node.InMemory()...)
	if err != nil {
		return 0, err
	}
	took := time.Since(started)
	if err := r.Command(ctx, "GET", load.KeyName(c.Keys-1)); err != nil {
		r.Kill()
		return 0, fmt.Errorf("redis after its restart: %w", err)
	}
	return took, r.Shutdown(ctx, "NOSAVE")
}
