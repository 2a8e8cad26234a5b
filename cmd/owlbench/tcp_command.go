package main

import (
	"context"

	"github.com/spf13/cobra"
)

// tcpFlags are the flags of owlbench tcp.
type tcpFlags struct {
	siteFlags
	reportFlags
	load loadOptions
}

func tcpCommand(out *printer) *cobra.Command {
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
			return runTCP(cmd.Context(), out, f)
		},
	}
	flags := cmd.Flags()
	f.load.register(flags)
	flags.IntVar(&f.load.Depth, "depth", 16, "`requests` that a connection sends together")
	f.siteFlags.register(flags, measuredDir)
	f.reportFlags.register(flags)
	return cmd
}

func runTCP(ctx context.Context, out *printer, f tcpFlags) (err error) {
	if f.load, err = f.load.withDefaults(); err != nil {
		return err
	}
	s, err := f.open(ctx)
	if err != nil {
		return err
	}
	defer s.remove()
	b := &tcpBench{site: s, results: results{printer: out}, generator: generator{f.load, s.cpus.load, out.logf}}
	if !b.missing("tcp", "redis-server") {
		if err := b.run(ctx); err != nil {
			return err
		}
	}
	return f.print(out.stdout, &loadReport{f.load, thisMachine(s.cpus.apart()), b.results})
}
