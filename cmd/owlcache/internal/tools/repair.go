package tools

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/localdir"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine/repair"
)

// repairFlags are the flags of the command repair.
type repairFlags struct {
	localdir.Flags
	to     string
	dryRun bool
}

func repairCommand(p *term.Process) *cobra.Command {
	var flags repairFlags
	cmd := &cobra.Command{
		Use:   "repair --to NEWDIR [DIR]",
		Short: "Make a good data directory of what can be read of a damaged one",
		Long: `Repair reads all that can be read of a damaged data directory, writes it into a new one and
says what is lost or uncertain. DIR is the data directory of the configuration unless it is given.
It is never changed; no node may run on it. The new directory must not exist, or be empty.

Exit code 0: everything was saved. 7: the new directory is good, but something is lost or
uncertain, as the report says. 1: failed, and nothing was left behind. 2: wrong usage. 130: interrupted, the same.`,
		Example: "  owlcache repair --dry-run /var/lib/owlcache\n  owlcache repair --to /var/lib/owlcache-new /var/lib/owlcache",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRepair(cmd.Context(), p, &flags, args)
		},
	}
	cmd.Flags().StringVar(&flags.to, "to", "", "the new `directory`")
	cmd.Flags().BoolVar(&flags.dryRun, "dry-run", false, "only read and report; write nothing")
	flags.Register(cmd)
	return cmd
}

func runRepair(ctx context.Context, p *term.Process, flags *repairFlags, args []string) error {
	if flags.to == "" && !flags.dryRun {
		return term.Usage(errors.New("where to? name a new directory with --to, or only look with --dry-run"))
	}
	dir, err := flags.Path(p, args)
	if err != nil {
		return err
	}
	if flags.dryRun {
		flags.to = ""
	}
	var report *repair.Report
	err = p.Work(ctx, "nothing was left behind", func(ctx context.Context, bar *term.Bar) (err error) {
		report, err = repair.Run(ctx, repair.Options{Source: dir, Target: flags.to, Progress: bar.Update})
		return err
	})
	switch {
	case errors.Is(err, repair.ErrTarget):
		return term.Usage(err)
	case err != nil:
		return err
	}
	if flags.Out.JSON() {
		err = p.PrintJSON(report)
	} else {
		err = printRepair(p.Stdout, report)
	}
	switch {
	case err != nil:
		return fmt.Errorf("report: %w", err)
	case !report.Complete:
		return term.Exit(term.CodeCorrupt, nil)
	}
	return nil
}
