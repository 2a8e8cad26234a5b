package main

import (
	"context"

	"github.com/spf13/cobra"
)

// tcpFlags are the flags of owlbench tcp.
type tcpFlags struct {
	runFlags
	load loadOptions
}

func (p *program) tcpCommand() *cobra.Command {
	var f tcpFlags
	cmd := &cobra.Command{
		Use:   "tcp",
		Short: "Compare the line protocol of a node with Redis, side by side",
		Long: "Compare the line protocol of a node with Redis, side by side, on this machine: the same values, the\n" +
			"same connections, the same number of requests that a connection sends together. The servers share\n" +
			"one CPU, the load generator has another. Both sides take turns, round by round; the figures are\n" +
			"medians of the rounds. Without redis-server nothing is measured, with a line that says so.",
		Example: "  owlbench tcp\n  owlbench tcp --depth 64 --value 1000 -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.tcp(cmd.Context(), f)
		},
	}
	flags := cmd.Flags()
	f.load.register(flags)
	flags.IntVar(&f.load.Depth, "depth", 16, "`requests` that a connection sends together")
	f.register(cmd)
	return cmd
}

// tcp is owlbench tcp.
func (p *program) tcp(ctx context.Context, f tcpFlags) (err error) {
	if f.load, err = f.load.withDefaults(); err != nil {
		return err
	}
	dir, path, remove, err := f.prepare(ctx)
	if err != nil {
		return err
	}
	defer remove()
	c := p.newComparison(f.load, dir, path)
	if !c.missing("tcp", "redis-server") {
		if err := c.compareTCP(ctx); err != nil {
			return err
		}
	}
	return f.print(p.stdout, c.report())
}
