package main

import (
	"context"
	"path/filepath"
)

// compareMore measures what has no target: reads against nginx with a file for
// each key, and against Redis in its own protocol.
func (c *comparison) compareMore(ctx context.Context) error {
	n, owl, err := c.startNode(ctx, c.cpus.server)
	if err != nil {
		return err
	}
	defer n.kill()
	if err := c.compareNginx(ctx, &owl); err != nil {
		return err
	}
	if err := c.compareRedisGet(ctx, &owl); err != nil {
		return err
	}
	return n.terminate(stopPatience)
}

func (c *comparison) compareNginx(ctx context.Context, owl *target) error {
	if c.missing("get against nginx", "nginx") {
		return nil
	}
	p, peer, err := c.startNginx(ctx)
	if err != nil {
		return err
	}
	defer p.kill()
	d, err := c.fight(ctx, mixGet, owl, &peer)
	if err != nil {
		return err
	}
	c.rows = append(c.rows, newRow("get", "nginx, static files", "per second", d.a, d.b, 0, false))
	return nil
}

func (c *comparison) compareRedisGet(ctx context.Context, owl *target) error {
	if c.missing("get against redis", "redis-server") {
		return nil
	}
	r, err := c.startRedis(ctx, filepath.Join(c.dir, "redis-get"), c.cpus.server, "--save", "", "--appendonly", "no")
	if err != nil {
		return err
	}
	defer r.kill()
	peer := redisTarget(r.addr, c.load)
	if err := preload(ctx, &peer); err != nil {
		return err
	}
	d, err := c.fight(ctx, mixGet, owl, &peer)
	if err != nil {
		return err
	}
	c.rows = append(c.rows, newRow("get", "redis, own protocol", "per second", d.a, d.b, 0, false))
	return nil
}
