package compare

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/node"
	"owlcache/cmd/owlbench/internal/report"
)

// TCPCommand is owlbench tcp.
func TCPCommand(out *report.Printer) *cobra.Command {
	var f node.Flags
	cmd := &cobra.Command{
		Use:   "tcp",
		Short: "Compare the line protocol of a node with Redis, side by side",
		Long: "Compare the line protocol of a node with Redis, side by side, on this machine: the same values, the\n" +
			"same connections, the same number of requests that a connection sends together. The servers share\n" +
			"one CPU, the load generator has another. Both sides take turns, round by round; the figures are\n" +
			"medians of the rounds. Without redis-server nothing is measured, with a line that says so.",
		Example: "  owlbench tcp\n  owlbench tcp --depth 64 --value 1000 -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.Run(cmd.Context(), out, func(b *node.Bench) (report.Measured, error) {
				err := (&comparison{Bench: b}).runTCP(cmd.Context())
				return b.Report(), err
			})
		},
	}
	flags := cmd.Flags()
	f.Load.Register(flags)
	flags.IntVar(&f.Load.Depth, "depth", 16, "`requests` that a connection sends together")
	f.Register(flags)
	return cmd
}

func (c *comparison) runTCP(ctx context.Context) error {
	c.NoteShared()
	if c.Missing("tcp", "redis-server") {
		return nil
	}
	if err := c.fill(ctx); err != nil {
		return err
	}
	part := func(op load.Op, what string, redis []string, goals [2]float64) report.Part {
		return report.Part{Name: string(op), Run: func(ctx context.Context) error {
			return c.compareTCP(ctx, op, what, redis, goals)
		}}
	}
	return c.RunParts(ctx, []report.Part{
		part(load.Get, "get", node.InMemory(), [2]float64{1, 0}),
		part(load.Set, "set, fsync always", node.FsyncAlways(), [2]float64{1, 1}),
	}, nil)
}

// compareTCP starts a node and Redis, which hold the same keys, and adds their rows.
// The goals are for pipelines, and for one request at a time.
func (c *comparison) compareTCP(ctx context.Context, op load.Op, what string, redis []string, goals [2]float64) error {
	addr, port, err := node.FreeAddr()
	if err != nil {
		return err
	}
	n, _, err := c.startNode(ctx, "WAL_Sync=always", "CloseTcp=1", "Tcpport="+port)
	if err != nil {
		return err
	}
	defer n.Kill()
	r, peer, err := c.StartFilledRedis(ctx, "redis-"+string(op), c.CPUs.Server, redis...)
	if err != nil {
		return err
	}
	defer r.Kill()
	owl := load.TCPTarget(addr, c.Options)
	for i, depth := range []int{c.Depth, 1} {
		owl.Depth, peer.Depth = depth, depth
		row := what
		if depth > 1 {
			row += ", pipelines of " + strconv.Itoa(depth)
		}
		if err := c.Against(ctx, op, row, "redis", goals[i], &owl, &peer); err != nil {
			return err
		}
	}
	return n.Terminate()
}
