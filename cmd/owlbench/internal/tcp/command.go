package tcp

import (
	"context"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/node"
	"owlcache/cmd/owlbench/internal/report"
)

// flags are the flags of owlbench tcp.
type flags struct {
	node.SiteFlags
	report.Flags
	load load.Options
}

func Command(out *report.Printer) *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "tcp",
		Short: "Compare the line protocol of a node with Redis, side by side",
		Long: "Compare the line protocol of a node with Redis, side by side, on this machine: the same values, the\n" +
			"same connections, the same number of requests that a connection sends together. The servers share\n" +
			"one CPU, the load generator has another. Both sides take turns, round by round; the figures are\n" +
			"medians of the rounds. Without redis-server nothing is measured, with a line that says so.",
		Example: "  owlbench tcp\n  owlbench tcp --depth 64 --value 1000 -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return run(cmd.Context(), out, f)
		},
	}
	flags := cmd.Flags()
	f.load.Register(flags)
	flags.IntVar(&f.load.Depth, "depth", 16, "`requests` that a connection sends together")
	f.SiteFlags.Register(flags, node.MeasuredDir)
	f.Flags.Register(flags)
	return cmd
}

func run(ctx context.Context, out *report.Printer, f flags) (err error) {
	if f.load, err = f.load.WithDefaults(); err != nil {
		return err
	}
	s, err := f.Open(ctx)
	if err != nil {
		return err
	}
	defer s.Remove()
	b := &bench{Site: s, Results: report.Results{Printer: out}, Generator: load.Generator{Options: f.load, CPU: s.CPUs.Load, Logf: out.Logf}}
	if !b.Missing("tcp", "redis-server") {
		if err := b.run(ctx); err != nil {
			return err
		}
	}
	return f.Print(out.Stdout, &report.LoadReport{Load: f.load, Machine: report.ThisMachine(s.CPUs.Apart()), Results: b.Results})
}
