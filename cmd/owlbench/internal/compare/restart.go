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

// restarts is how many seconds each start of each side took.
type restarts struct {
	one []float64 // on one CPU
	all []float64 // on all CPUs
}

// starter starts a server, waits until it serves and ends it again. It returns
// how long the start took.
type starter func(ctx context.Context, core int) (time.Duration, error)

// compareRestart measures how long owlcache and Redis take from their start
// until they serve the same data: owlcache from its log alone and from its
// snapshot, Redis from its RDB file.
func (c *comparison) compareRestart(ctx context.Context) error {
	if c.Missing("restart", "redis-server") {
		return nil
	}
	if err := c.fillRDB(ctx); err != nil {
		return err
	}
	if err := c.fill(ctx); err != nil {
		return err
	}
	if err := c.restartRows(ctx, "restart from the log"); err != nil {
		return err
	}
	if err := c.fold(ctx); err != nil {
		return err
	}
	return c.restartRows(ctx, "restart from the snapshot")
}

// restartRows measures both sides in turns, on one CPU and on all.
func (c *comparison) restartRows(ctx context.Context, what string) error {
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

// add measures one start on one CPU and one on all.
func (r *restarts) add(ctx context.Context, start starter, core int) error {
	one, err := start(ctx, core)
	if err != nil {
		return err
	}
	all, err := start(ctx, cpu.Any)
	if err != nil {
		return err
	}
	r.one, r.all = append(r.one, one.Seconds()), append(r.all, all.Seconds())
	return nil
}

// restartNode is the starter of owlcache.
func (c *comparison) restartNode(ctx context.Context, core int) (time.Duration, error) {
	n, err := node.Start(c.NodeOptions(nodeName, core))
	if err != nil {
		return 0, err
	}
	took, err := n.WaitReady(ctx)
	if err != nil {
		n.Kill()
		return 0, err
	}
	if err := c.holdsAll(ctx, n.Addr); err != nil {
		n.Kill()
		return 0, err
	}
	return took, n.Terminate(node.StopPatience)
}

// holdsAll returns nil if the first and the last key are there: a fast start
// that has lost the data is not one.
func (c *comparison) holdsAll(ctx context.Context, addr string) error {
	for _, key := range []uint64{0, c.Keys - 1} {
		resp, err := load.Ask(ctx, addr, load.ParseHTTP, load.HTTPGet("/data/?cmd=get&key="+load.KeyName(key)))
		if err != nil {
			return err
		}
		if string(resp.Body) != load.SampleValue(c.Value) {
			return fmt.Errorf("%s is not there after the restart: status %d", load.KeyName(key), resp.Status)
		}
	}
	return nil
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
	folded := func() error {
		segments, err := filepath.Glob(filepath.Join(options.Dir, "wal", "*.wal"))
		if err == nil && len(segments) > 1 {
			err = fmt.Errorf("there are %d segments", len(segments))
		}
		return err
	}
	if err := n.Process.WaitReady(ctx, node.StartPatience, folded); err != nil {
		n.Kill()
		return fmt.Errorf("fold the log: %w", err)
	}
	return n.Terminate(node.StopPatience)
}

// fillRDB lets Redis write an RDB file with all keys.
func (c *comparison) fillRDB(ctx context.Context) error {
	c.Logf("setting %d keys in redis", c.Keys)
	r, err := c.StartRedis(ctx, "redis-rdb", cpu.Any, node.InMemory()...)
	if err != nil {
		return err
	}
	t := load.RedisTarget(r.Addr, c.Options)
	if err := load.Preload(ctx, &t); err != nil {
		r.Kill()
		return err
	}
	return r.Shutdown(ctx, "SAVE")
}

// restartRedis is the starter of Redis.
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
