package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
)

// compareTCP measures reads and durable writes in pipelines and one at a time.
func (c *comparison) compareTCP(ctx context.Context) error {
	c.logf("get")
	err := c.duelTCP(ctx, "redis", []string{"--save", "", "--appendonly", "no"}, func(ctx context.Context, owl, redis *target) error {
		if err := c.tcpRow(ctx, mixGet, "get", c.load.Depth, 1, owl, redis); err != nil {
			return err
		}
		return c.tcpRow(ctx, mixGet, "get", 1, 0, owl, redis)
	})
	if err != nil {
		return fmt.Errorf("get: %w", err)
	}
	c.logf("set")
	aof := []string{"--save", "", "--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0"}
	err = c.duelTCP(ctx, "redis-aof", aof, func(ctx context.Context, owl, redis *target) error {
		if err := c.tcpRow(ctx, mixSet, "set, fsync always", c.load.Depth, 1, owl, redis); err != nil {
			return err
		}
		return c.tcpRow(ctx, mixSet, "set, fsync always", 1, 1, owl, redis)
	})
	if err != nil {
		return fmt.Errorf("set: %w", err)
	}
	return nil
}

// duelTCP starts a node and Redis, which hold the same keys, and calls f.
func (c *comparison) duelTCP(ctx context.Context, name string, redisArgs []string, f func(ctx context.Context, owl, redis *target) error) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	n, _, err := c.startNode(ctx, c.cpus.server, "WAL_Sync=always", "CloseTcp=1", "Tcpport="+strconv.Itoa(port))
	if err != nil {
		return err
	}
	defer n.kill()
	r, err := c.startRedis(ctx, filepath.Join(c.dir, name), c.cpus.server, redisArgs...)
	if err != nil {
		return err
	}
	defer r.kill()
	owl, redis := tcpTarget(loopback(port), c.load), redisTarget(r.addr, c.load)
	c.logf("setting %d keys in redis", c.load.Keys)
	if err := preload(ctx, &redis); err != nil {
		return err
	}
	if err := f(ctx, &owl, &redis); err != nil {
		return err
	}
	return n.terminate(stopPatience)
}

// tcpRow measures one load with pipelines of depth.
func (c *comparison) tcpRow(ctx context.Context, m mix, what string, depth int, goal float64, owl, redis *target) error {
	owl.depth, redis.depth = depth, depth
	d, err := c.fight(ctx, m, owl, redis)
	if err != nil {
		return err
	}
	if depth > 1 {
		what += ", pipelines of " + strconv.Itoa(depth)
	}
	c.rows = append(c.rows, newRow(what, "redis", "per second", d.a, d.b, goal, false))
	return nil
}
