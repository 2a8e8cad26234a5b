package main

import "context"

// compareMore measures what has no target: reads against nginx with a file for
// each key, and against Redis in its own protocol.
func (c *comparison) compareMore(ctx context.Context) error {
	n, owl, err := c.startNode(ctx)
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
	p, peer, err := c.startNginx(ctx, c.loadOptions)
	if err != nil {
		return err
	}
	defer p.kill()
	return c.against(ctx, mixGet, "get", "nginx, static files", 0, owl, &peer)
}

func (c *comparison) compareRedisGet(ctx context.Context, owl *target) error {
	if c.missing("get against redis", "redis-server") {
		return nil
	}
	r, peer, err := c.startFilledRedis(ctx, "redis-get", c.loadOptions, inMemory()...)
	if err != nil {
		return err
	}
	defer r.kill()
	return c.against(ctx, mixGet, "get", "redis, own protocol", 0, owl, &peer)
}
