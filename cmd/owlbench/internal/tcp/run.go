package tcp

import (
	"context"
	"fmt"
	"strconv"

	"owlcache/cmd/owlbench/internal/cpu"
	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/node"
	"owlcache/cmd/owlbench/internal/report"
)

// bench is a run of owlbench tcp.
type bench struct {
	*node.Site
	report.Results
	load.Generator
}

// servers are a node and Redis, which hold the same keys.
type servers struct {
	owl, redis load.Target
}

// run measures reads and durable writes, in pipelines and one at a time.
func (b *bench) run(ctx context.Context) error {
	if b.CPUs.Server == cpu.Any {
		b.Note("there are no two CPUs to choose from: servers and load generator share what there is")
	}
	b.Logf("setting %d keys in owlcache", b.Keys)
	n, err := node.StartFilled(ctx, b.NodeOptions("node", cpu.Any, "WAL_Sync=no"), b.Options)
	if err != nil {
		return err
	}
	if err := n.Terminate(node.StopPatience); err != nil {
		return err
	}
	b.Logf("get")
	err = b.withServers(ctx, "redis", node.InMemory(), func(s *servers) error {
		if err := b.compare(ctx, s, load.Get, "get", b.Depth, 1); err != nil {
			return err
		}
		return b.compare(ctx, s, load.Get, "get", 1, 0)
	})
	if err != nil {
		return fmt.Errorf("get: %w", err)
	}
	b.Logf("set")
	err = b.withServers(ctx, "redis-aof", node.FsyncAlways(), func(s *servers) error {
		if err := b.compare(ctx, s, load.Set, "set, fsync always", b.Depth, 1); err != nil {
			return err
		}
		return b.compare(ctx, s, load.Set, "set, fsync always", 1, 1)
	})
	if err != nil {
		return fmt.Errorf("set: %w", err)
	}
	return nil
}

// withServers calls f with both servers, which it starts and ends.
func (b *bench) withServers(ctx context.Context, name string, redisArgs []string, f func(*servers) error) error {
	port, err := node.FreePort()
	if err != nil {
		return err
	}
	n, err := node.StartReady(ctx, b.NodeOptions("node", b.CPUs.Server, "WAL_Sync=always", "CloseTcp=1", "Tcpport="+strconv.Itoa(port)))
	if err != nil {
		return err
	}
	defer n.Kill()
	b.Logf("setting %d keys in redis", b.Keys)
	r, redis, err := b.StartFilledRedis(ctx, name, b.Options, redisArgs...)
	if err != nil {
		return err
	}
	defer r.Kill()
	if err := f(&servers{load.TCPTarget(node.Loopback(port), b.Options), redis}); err != nil {
		return err
	}
	return n.Terminate(node.StopPatience)
}

// compare measures one opts, with pipelines of depth, and adds its row.
func (b *bench) compare(ctx context.Context, s *servers, m load.Op, what string, depth int, goal float64) error {
	s.owl.Depth, s.redis.Depth = depth, depth
	owl, redis, err := b.Alternate(ctx, m, &s.owl, &s.redis)
	if err != nil {
		return err
	}
	if depth > 1 {
		what += ", pipelines of " + strconv.Itoa(depth)
	}
	b.Add(report.NewRow(what, "redis", "per second", owl, redis, goal, false))
	return nil
}
