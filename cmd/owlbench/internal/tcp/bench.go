package tcp

import (
	"context"
	"fmt"
	"strconv"

	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/node"
)

// bench is a run of owlbench tcp.
type bench struct{ *node.Bench }

// comparison is what is asked of both servers, and how they keep their data.
type comparison struct {
	name  string
	op    load.Op
	what  string
	redis []string   // its arguments
	goals [2]float64 // in pipelines, and one at a time
}

// run measures reads and durable writes, in pipelines and one at a time.
func (b *bench) run(ctx context.Context) error {
	b.NoteShared()
	if b.Missing("tcp", "redis-server") {
		return nil
	}
	if err := b.FillNode(ctx, "node"); err != nil {
		return err
	}
	for _, c := range []comparison{
		{"get", load.Get, "get", node.InMemory(), [2]float64{1, 0}},
		{"set", load.Set, "set, fsync always", node.FsyncAlways(), [2]float64{1, 1}},
	} {
		b.Logf("%s", c.name)
		if err := b.compare(ctx, c); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return nil
}

// compare starts a node and Redis, which hold the same keys, and adds their rows.
func (b *bench) compare(ctx context.Context, c comparison) error {
	port, err := node.FreePort()
	if err != nil {
		return err
	}
	n, err := node.StartReady(ctx, b.NodeOptions("node", b.CPUs.Server, "WAL_Sync=always", "CloseTcp=1", "Tcpport="+strconv.Itoa(port)))
	if err != nil {
		return err
	}
	defer n.Kill()
	r, redis, err := b.StartFilledRedis(ctx, "redis-"+c.name, b.CPUs.Server, c.redis...)
	if err != nil {
		return err
	}
	defer r.Kill()
	owl := load.TCPTarget(node.Loopback(port), b.Options)
	for i, depth := range []int{b.Depth, 1} {
		owl.Depth, redis.Depth = depth, depth
		what := c.what
		if depth > 1 {
			what += ", pipelines of " + strconv.Itoa(depth)
		}
		if err := b.Against(ctx, c.op, what, "redis", c.goals[i], &owl, &redis); err != nil {
			return err
		}
	}
	return n.Terminate()
}
