package compare

import (
	"context"

	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/node"
)

// compareMore measures what has no target: reads against nginx with a file for
// each key, and against Redis in its own protocol.
func (c *comparison) compareMore(ctx context.Context) error {
	n, owl, err := c.startNode(ctx)
	if err != nil {
		return err
	}
	defer n.Kill()
	if err := c.compareNginx(ctx, &owl); err != nil {
		return err
	}
	if err := c.compareRedisGet(ctx, &owl); err != nil {
		return err
	}
	return n.Terminate(node.StopPatience)
}

func (c *comparison) compareNginx(ctx context.Context, owl *load.Target) error {
	if c.Missing("get against nginx", "nginx") {
		return nil
	}
	p, peer, err := c.StartNginx(ctx, c.Options)
	if err != nil {
		return err
	}
	defer p.Kill()
	return c.against(ctx, load.Get, "get", "nginx, static files", 0, owl, &peer)
}

func (c *comparison) compareRedisGet(ctx context.Context, owl *load.Target) error {
	if c.Missing("get against redis", "redis-server") {
		return nil
	}
	r, peer, err := c.StartFilledRedis(ctx, "redis-get", c.Options, node.InMemory()...)
	if err != nil {
		return err
	}
	defer r.Kill()
	return c.against(ctx, load.Get, "get", "redis, own protocol", 0, owl, &peer)
}
