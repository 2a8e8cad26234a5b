package main

import (
	"context"
	"fmt"
	"strconv"
)

// tcpBench is a run of owlbench tcp.
type tcpBench struct {
	*site
	results
	generator
}

// servers are a node and Redis, which hold the same keys.
type servers struct {
	owl, redis target
}

// run measures reads and durable writes, in pipelines and one at a time.
func (b *tcpBench) run(ctx context.Context) error {
	if b.cpus.server == noCPU {
		b.note("there are no two CPUs to choose from: servers and load generator share what there is")
	}
	b.logf("setting %d keys in owlcache", b.Keys)
	n, err := startFilledNode(ctx, b.node("node", noCPU, "WAL_Sync=no"), b.loadOptions)
	if err != nil {
		return err
	}
	if err := n.terminate(stopPatience); err != nil {
		return err
	}
	b.logf("get")
	err = b.withServers(ctx, "redis", inMemory(), func(s *servers) error {
		if err := b.compare(ctx, s, mixGet, "get", b.Depth, 1); err != nil {
			return err
		}
		return b.compare(ctx, s, mixGet, "get", 1, 0)
	})
	if err != nil {
		return fmt.Errorf("get: %w", err)
	}
	b.logf("set")
	err = b.withServers(ctx, "redis-aof", fsyncAlways(), func(s *servers) error {
		if err := b.compare(ctx, s, mixSet, "set, fsync always", b.Depth, 1); err != nil {
			return err
		}
		return b.compare(ctx, s, mixSet, "set, fsync always", 1, 1)
	})
	if err != nil {
		return fmt.Errorf("set: %w", err)
	}
	return nil
}

// withServers calls f with both servers, which it starts and ends.
func (b *tcpBench) withServers(ctx context.Context, name string, redisArgs []string, f func(*servers) error) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	n, err := startReadyNode(ctx, b.node("node", b.cpus.server, "WAL_Sync=always", "CloseTcp=1", "Tcpport="+strconv.Itoa(port)))
	if err != nil {
		return err
	}
	defer n.kill()
	b.logf("setting %d keys in redis", b.Keys)
	r, redis, err := b.startFilledRedis(ctx, name, b.loadOptions, redisArgs...)
	if err != nil {
		return err
	}
	defer r.kill()
	if err := f(&servers{tcpTarget(loopback(port), b.loadOptions), redis}); err != nil {
		return err
	}
	return n.terminate(stopPatience)
}

// compare measures one load, with pipelines of depth, and adds its row.
func (b *tcpBench) compare(ctx context.Context, s *servers, m mix, what string, depth int, goal float64) error {
	s.owl.depth, s.redis.depth = depth, depth
	owl, redis, err := b.alternate(ctx, m, &s.owl, &s.redis)
	if err != nil {
		return err
	}
	if depth > 1 {
		what += ", pipelines of " + strconv.Itoa(depth)
	}
	b.add(newRow(what, "redis", "per second", owl, redis, goal, false))
	return nil
}
