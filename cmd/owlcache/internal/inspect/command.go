package inspect

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/localdir"
	"owlcache/cmd/owlcache/internal/term"
)

// command is what inspect and all commands below it have.
type command struct {
	*term.Process
	flags localdir.Flags
	now   func() time.Time
}

// Command returns the command that looks into a data directory, with the commands below it, as
// of now.
func Command(p *term.Process, now func() time.Time) *cobra.Command {
	c := &command{Process: p, now: now}
	cmd := &cobra.Command{
		Use:   "inspect [DIR]",
		Short: "Look into a data directory",
		Long: `Inspect shows on one screen what is in a data directory: identity, sizes, keys, snapshot, log,
what a restart would do, the groups, and what needs attention. DIR is the data directory of the
configuration unless it is given. A node may run on it: what is shown is then the state of one moment.
Nothing is changed.

Exit code 0: all was read. 7: something is damaged and left out, as the standard error says.
3: there is no such key. 1: failed. 2: wrong usage.`,
		Example: "  owlcache inspect /var/lib/owlcache\n  owlcache inspect keys --prefix user: --sort size --limit 10\n  owlcache inspect get user:1 --history\n  owlcache inspect log --follow",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.run(cmd.Context(), args, func(ctx context.Context, in *inspector) error {
				return in.overview(ctx)
			})
		},
	}
	c.flags.RegisterForAll(cmd)
	cmd.AddCommand(c.keys(), c.get(), c.log(), c.members(), c.prefixes())
	return cmd
}
