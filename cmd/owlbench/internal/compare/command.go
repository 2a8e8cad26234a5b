package compare

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/node"
	"owlcache/cmd/owlbench/internal/report"
)

// flags are the flags of owlbench compare.
type flags struct {
	node.SiteFlags
	report.Flags
	load load.Options
	only []string
}

func Command(out *report.Printer) *cobra.Command {
	var f flags
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
			return run(cmd.Context(), out, f)
		},
	}
	flags := cmd.Flags()
	f.load.Register(flags)
	flags.StringSliceVar(&f.only, "only", nil, "`parts` to do, of "+strings.Join(partNames(), ", ")+"; empty does all")
	f.SiteFlags.Register(flags, node.MeasuredDir)
	f.Flags.Register(flags)
	return cmd
}

func run(ctx context.Context, out *report.Printer, f flags) (err error) {
	if f.load, err = f.load.WithDefaults(); err != nil {
		return err
	}
	if err := report.CheckOnly(f.only, "part", partNames()); err != nil {
		return err
	}
	s, err := f.Open(ctx)
	if err != nil {
		return err
	}
	defer s.Remove()
	c := &comparison{Site: s, Results: report.Results{Printer: out}, Generator: load.Generator{Options: f.load, CPU: s.CPUs.Load, Logf: out.Logf}}
	if err := c.run(ctx, f.only); err != nil {
		return err
	}
	return f.Print(out.Stdout, &report.LoadReport{Load: f.load, Machine: report.ThisMachine(s.CPUs.Apart()), Results: c.Results})
}
