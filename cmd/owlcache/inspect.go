package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"
)

// inspectFlags are the flags of inspect and of all commands below it.
type inspectFlags struct {
	toolFlags
	now func() time.Time
}

// inspectCommand returns the command that looks into a data directory, with the
// commands below it, as of now.
func (p *program) inspectCommand(now func() time.Time) *cobra.Command {
	flags := &inspectFlags{toolFlags: toolFlags{out: "text"}, now: now}
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
			return p.inspect(cmd.Context(), flags, args, func(ctx context.Context, in *inspector) error {
				return in.overview(ctx)
			})
		},
	}
	set := cmd.PersistentFlags()
	set.StringVar(&flags.dir, "dir", "", "data `directory`, the same as the argument DIR")
	set.StringVar(&flags.config, "config", "", "configuration `file` that names the data directory (default owlcache.conf if it is there)")
	set.VarP(&flags.out, "output", "o", "output `format`: text or json")
	// Fails only for a flag that does not exist.
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
	cmd.AddCommand(p.inspectKeysCommand(flags), p.inspectGetCommand(flags), p.inspectLogCommand(flags),
		p.inspectMembersCommand(flags), p.inspectPrefixesCommand(flags))
	return cmd
}
