package tools

import (
	"context"
	"errors"
	"fmt"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/localdir"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine"
	"owlcache/engine/datadir"
)

func compactCommand(p *term.Process) *cobra.Command {
	var flags localdir.Flags
	cmd := &cobra.Command{
		Use:   "compact [DIR]",
		Short: "Fold the log of a stopped node and give free room back",
		Long: `Compact folds the log of a data directory into the snapshot, and writes that anew without the free
room in it. The next start is then as quick as can be. No node may run on the directory; a running
one does the same by itself when it is worth it.

All data is verified first: a damaged directory is not touched. Ctrl-C or a crash at any moment costs
nothing. The disk needs room for the snapshot once more.

Exit code 0: done. 7: the directory is damaged. 130: interrupted. 1: failed.`,
		Example: "  owlcache compact /var/lib/owlcache",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runCompact(cmd.Context(), p, &flags, args)
		},
	}
	flags.Register(cmd)
	return cmd
}

func runCompact(ctx context.Context, p *term.Process, flags *localdir.Flags, args []string) (err error) {
	path, err := flags.Path(p, args)
	if err != nil {
		return err
	}
	if _, _, err := datadir.Look(path); err != nil { // or a directory would be made
		return err
	}
	dir, err := datadir.Open(path)
	if err != nil {
		return err
	}
	var report *engine.CompactReport
	err = p.Work(ctx, "nothing is lost, and less is folded than could be", func(ctx context.Context, bar *term.Bar) (err error) {
		report, err = engine.Compact(ctx, dir, bar.Update)
		return errors.Join(err, dir.Close())
	})
	if err != nil {
		return err
	}
	if flags.Out.JSON() {
		return p.PrintJSON(report)
	}
	return printCompact(p, report)
}

func printCompact(p *term.Process, r *engine.CompactReport) error {
	change := func(before, after int64) string {
		return humanize.IBytes(uint64(before)) + ", now " + humanize.IBytes(uint64(after))
	}
	_, err := fmt.Fprintf(p.Stdout, "compacted %s\nsnapshot  %s; %s, up to record %d\nlog       %s; %s folded\n", r.Dir,
		change(r.SnapshotBefore, r.SnapshotAfter), term.Count(r.Entries, "entry"), r.LSN, change(r.LogBefore, r.LogAfter), term.Count(r.Records, "record"))
	return err
}
