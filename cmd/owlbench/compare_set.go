package main

import "context"

// compareSet measures durable writes over HTTP against webdis in front of
// Redis, both with an fsync before each answer.
func (c *comparison) compareSet(ctx context.Context) error {
	if c.missing("set", "redis-server", "webdis") {
		return nil
	}
	n, owl, err := c.startNode(ctx, "WAL_Sync=always")
	if err != nil {
		return err
	}
	defer n.kill()
	c.logf("setting %d keys in redis", c.Keys)
	r, native, err := c.startFilledRedis(ctx, "redis-aof", c.loadOptions, fsyncAlways()...)
	if err != nil {
		return err
	}
	defer r.kill()
	w, peer, err := c.startWebdis(ctx, r.port, c.loadOptions)
	if err != nil {
		return err
	}
	defer w.kill()
	if err := c.against(ctx, mixSet, "set, fsync always", "webdis and redis, fsync always", 1.5, &owl, &peer); err != nil {
		return err
	}
	if err := c.against(ctx, mixSet, "set, fsync always", "redis, own protocol, fsync always", 0, &owl, &native); err != nil {
		return err
	}
	return n.terminate(stopPatience)
}
