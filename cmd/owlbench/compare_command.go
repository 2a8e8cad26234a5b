package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
)

// compareFlags are the flags of owlbench compare.
type compareFlags struct {
	siteFlags
	reportFlags
	load loadOptions
	only []string
}

func compareCommand(out *printer) *cobra.Command {
	var f compareFlags
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
			return runCompare(cmd.Context(), out, f)
		},
	}
	flags := cmd.Flags()
	f.load.register(flags)
	flags.StringSliceVar(&f.only, "only", nil, "`parts` to do, of "+strings.Join(partNames(), ", ")+"; empty does all")
	f.siteFlags.register(flags, measuredDir)
	f.reportFlags.register(flags)
	return cmd
}

func runCompare(ctx context.Context, out *printer, f compareFlags) (err error) {
	if f.load, err = f.load.withDefaults(); err != nil {
		return err
	}
	if err := checkOnly(f.only, "part", partNames()); err != nil {
		return err
	}
	s, err := f.open(ctx)
	if err != nil {
		return err
	}
	defer s.remove()
	c := &comparison{site: s, results: results{printer: out}, generator: generator{f.load, s.cpus.load, out.logf}}
	if err := c.run(ctx, f.only); err != nil {
		return err
	}
	return f.print(out.stdout, &loadReport{f.load, thisMachine(s.cpus.apart()), c.results})
}
