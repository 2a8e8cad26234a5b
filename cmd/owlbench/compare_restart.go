package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"
)

// restarts is how many seconds each start of each side took.
type restarts struct {
	one []float64 // on one CPU
	all []float64 // on all CPUs
}

// starter starts a server, waits until it serves and ends it again. It returns
// how long the start took.
type starter func(ctx context.Context, cpu int) (time.Duration, error)

// compareRestart measures how long owlcache and Redis take from their start
// until they serve the same data: owlcache from its log alone and from its
// snapshot, Redis from its RDB file.
func (c *comparison) compareRestart(ctx context.Context) error {
	if c.missing("restart", "redis-server") {
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
		if err := owl.add(ctx, c.restartNode, c.cpus.server); err != nil {
			return err
		}
		if err := peer.add(ctx, c.restartRedis, c.cpus.server); err != nil {
			return err
		}
		c.logf("%s round %d: owlcache %.2f s (%.2f s on all CPUs), redis %.2f s (%.2f s)", what, round+1,
			owl.one[round], owl.all[round], peer.one[round], peer.all[round])
	}
	c.add(
		newRow(what, "redis from RDB", "s", owl.one, peer.one, 1, true),
		newRow(what+", all CPUs", "redis from RDB", "s", owl.all, peer.all, 0, true))
	return nil
}

// add measures one start on one CPU and one on all.
func (r *restarts) add(ctx context.Context, start starter, cpu int) error {
	one, err := start(ctx, cpu)
	if err != nil {
		return err
	}
	all, err := start(ctx, noCPU)
	if err != nil {
		return err
	}
	r.one, r.all = append(r.one, one.Seconds()), append(r.all, all.Seconds())
	return nil
}

// restartNode is the starter of owlcache.
func (c *comparison) restartNode(ctx context.Context, cpu int) (time.Duration, error) {
	n, err := startNode(c.node(nodeName, cpu))
	if err != nil {
		return 0, err
	}
	took, err := n.waitReady(ctx)
	if err != nil {
		n.kill()
		return 0, err
	}
	if err := c.holdsAll(ctx, n.addr); err != nil {
		n.kill()
		return 0, err
	}
	return took, n.terminate(stopPatience)
}

// holdsAll returns nil if the first and the last key are there: a fast start
// that has lost the data is not one.
func (c *comparison) holdsAll(ctx context.Context, addr string) error {
	for _, key := range []uint64{0, c.Keys - 1} {
		resp, err := ask(ctx, addr, parseResponse, httpGet("/data/?cmd=get&key="+keyName(key)))
		if err != nil {
			return err
		}
		if string(resp.body) != sampleValue(c.Value) {
			return fmt.Errorf("%s is not there after the restart: status %d", keyName(key), resp.status)
		}
	}
	return nil
}

// fold makes owlcache fold its log into its snapshot and waits for it.
func (c *comparison) fold(ctx context.Context) error {
	c.logf("folding the log")
	options := c.node(nodeName, noCPU)
	options.Settings = []string{"Logfile=", "Checkpoint_LogSize=64KiB"}
	n, err := startReadyNode(ctx, options)
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
	if err := n.process.waitReady(ctx, startPatience, folded); err != nil {
		n.kill()
		return fmt.Errorf("fold the log: %w", err)
	}
	return n.terminate(stopPatience)
}

// fillRDB lets Redis write an RDB file with all keys.
func (c *comparison) fillRDB(ctx context.Context) error {
	c.logf("setting %d keys in redis", c.Keys)
	r, err := c.startRedis(ctx, "redis-rdb", noCPU, inMemory()...)
	if err != nil {
		return err
	}
	t := redisTarget(r.addr, c.loadOptions)
	if err := preload(ctx, &t); err != nil {
		r.kill()
		return err
	}
	return r.shutdown(ctx, "SAVE")
}

// restartRedis is the starter of Redis.
func (c *comparison) restartRedis(ctx context.Context, cpu int) (time.Duration, error) {
	started := time.Now()
	r, err := c.startRedis(ctx, "redis-rdb", cpu, inMemory()...)
	if err != nil {
		return 0, err
	}
	took := time.Since(started)
	if err := r.command(ctx, "GET", keyName(c.Keys-1)); err != nil {
		r.kill()
		return 0, fmt.Errorf("redis after its restart: %w", err)
	}
	return took, r.shutdown(ctx, "NOSAVE")
}
