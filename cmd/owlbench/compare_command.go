package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// compareFlags are the flags of owlbench compare.
type compareFlags struct {
	runFlags
	load loadOptions
	only []string
}

func (p *program) compareCommand() *cobra.Command {
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
			return p.compare(cmd.Context(), f)
		},
	}
	flags := cmd.Flags()
	f.load.register(flags)
	flags.StringSliceVar(&f.only, "only", nil, "`parts` to do, of "+strings.Join(partNames(), ", ")+"; empty does all")
	f.register(cmd)
	return cmd
}

// A part is one comparison. It reports what it measured through the
// comparison.
type part struct {
	name string
	run  func(*comparison, context.Context) error
}

// parts returns all comparisons, in an order in which each leaves the data
// directory as the next wants it.
func parts() []part {
	return []part{
		{"get", (*comparison).compareGet},
		{"restart", (*comparison).compareRestart},
		{"set", (*comparison).compareSet},
		{"more", (*comparison).compareMore},
	}
}

func partNames() []string {
	var names []string
	for _, p := range parts() {
		names = append(names, p.name)
	}
	return names
}

// compare is owlbench compare.
func (p *program) compare(ctx context.Context, f compareFlags) (err error) {
	if f.load, err = f.load.withDefaults(); err != nil {
		return err
	}
	for _, name := range f.only {
		if !slices.Contains(partNames(), name) {
			return usageError(fmt.Errorf("--only: there is no part %q", name))
		}
	}
	dir, path, remove, err := f.prepare(ctx)
	if err != nil {
		return err
	}
	defer remove()
	c := p.newComparison(f.load, dir, path)
	if err := c.run(ctx, f.only); err != nil {
		return err
	}
	return f.print(p.stdout, c.report())
}
