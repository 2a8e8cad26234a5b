package compare

import (
	"strings"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlbench/internal/node"
	"owlcache/cmd/owlbench/internal/report"
)

// Command is owlbench compare.
func Command(out *report.Printer) *cobra.Command {
	var f node.Flags
	var only []string
	names := report.PartNames(parts(nil))
	cmd := &cobra.Command{
		Use:   "compare",
		Short: "Compare a node with its peers, side by side",
		Long: "Compare a node with its peers, side by side, on this machine. All servers are started here, on free\n" +
			"ports of the loopback address, with their files in a temporary directory. The servers share one\n" +
			"CPU, the load generator has another. Both sides of a comparison take turns, round by round; the\n" +
			"figures are medians of the rounds.\n\n" +
			"Peers whose programs are not installed (redis-server, webdis, nginx) are left out, with a line that says so.",
		Example: "  owlbench compare\n  owlbench compare --only get,restart --rounds 9 -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := report.CheckOnly(only, "part", names); err != nil {
				return err
			}
			return f.Run(cmd.Context(), out, func(b *node.Bench) (report.Measured, error) {
				b.NoteShared()
				err := b.RunParts(cmd.Context(), parts(&comparison{Bench: b}), only)
				return b.Report(), err
			})
		},
	}
	flags := cmd.Flags()
	f.Load.Register(flags)
	flags.StringSliceVar(&only, "only", nil, "`parts` to do, of "+strings.Join(names, ", ")+"; empty does all")
	f.Register(flags)
	return cmd
}
