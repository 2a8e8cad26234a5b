package tcp

import (
	"github.com/spf13/cobra"

	"owlcache/cmd/owlbench/internal/node"
	"owlcache/cmd/owlbench/internal/report"
)

// Command is owlbench tcp.
func Command(out *report.Printer) *cobra.Command {
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
				err := (&bench{b}).run(cmd.Context())
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
