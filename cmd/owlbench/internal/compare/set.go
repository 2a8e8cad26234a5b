package compare

import (
	"context"

	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/node"
)

// compareSet measures durable writes over HTTP against webdis in front of
// Redis, both with an fsync before each answer.
func (c *comparison) compareSet(ctx context.Context) error {
	if c.Missing("set", "redis-server", "webdis") {
		return nil
	}
	n, owl, err := c.startNode(ctx, "WAL_Sync=always")
	if err != nil {
		return err
	}
	defer n.Kill()
	c.Logf("setting %d keys in redis", c.Keys)
	r, native, err := c.StartFilledRedis(ctx, "redis-aof", c.Options, node.FsyncAlways()...)
	if err != nil {
		return err
	}
	defer r.Kill()
	w, peer, err := c.StartWebdis(ctx, r.Port, c.Options)
	if err != nil {
		return err
	}
	defer w.Kill()
	if err := c.against(ctx, load.Set, "set, fsync always", "webdis and redis, fsync always", 1.5, &owl, &peer); err != nil {
		return err
	}
	if err := c.against(ctx, load.Set, "set, fsync always", "redis, own protocol, fsync always", 0, &owl, &native); err != nil {
		return err
	}
	return n.Terminate(node.StopPatience)
}
