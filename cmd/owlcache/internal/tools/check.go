package tools

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/localdir"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine/check"
)

// checkFlags are the flags of the command check.
type checkFlags struct {
	localdir.Flags
	strict bool
}

func checkCommand(p *term.Process) *cobra.Command {
	var flags checkFlags
	cmd := &cobra.Command{
		Use:   "check [DIR]",
		Short: "Verify all of a data directory",
		Long: `Check verifies the data directory of a stopped or a running node: the files beside the data, each
record of the log, each page and each value of the snapshot, and whether they fit together. It
changes nothing. DIR is the data directory of the configuration unless it is given.

Exit code 0: nothing is damaged. 1: the check itself failed, or there are warnings with --strict.
7: something is damaged; each line "fail" says what is lost and what mends it. 2: wrong usage.`,
		Example: "  owlcache check /var/lib/owlcache\n  owlcache check --strict -o json /var/lib/owlcache | jq .status",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runCheck(cmd.Context(), p, &flags, args)
		},
	}
	flags.Register(cmd)
	cmd.Flags().BoolVar(&flags.strict, "strict", false, "exit with 1 if there are warnings")
	return cmd
}

func runCheck(ctx context.Context, p *term.Process, flags *checkFlags, args []string) error {
	dir, err := flags.Path(p, args)
	if err != nil {
		return err
	}
	var report *check.Report
	err = p.Work(ctx, "", func(ctx context.Context, bar *term.Bar) (err error) {
		report, err = check.Run(ctx, dir, check.Options{Progress: bar.Update})
		return err
	})
	if err != nil {
		return err
	}
	if flags.Out.JSON() {
		err = p.PrintJSON(report)
	} else {
		err = printCheck(p.Stdout, report)
	}
	switch {
	case err != nil:
		return fmt.Errorf("report: %w", err)
	case report.Status == check.Fail:
		return term.Exit(term.CodeCorrupt, nil)
	case report.Status == check.Warn && flags.strict:
		return term.Exit(term.CodeFailed, nil)
	}
	return nil
}

// printCheck writes the report for people: a line for each finding, and one that sums up.
func printCheck(to io.Writer, report *check.Report) error {
	w := bufio.NewWriter(to)
	for i := range report.Findings {
		_, _ = fmt.Fprintln(w, checkLine(&report.Findings[i])) // it keeps its errors until Flush
	}
	_, _ = fmt.Fprintf(w, "%s: %s and %s verified, %s; %s, %s\n", report.Status,
		term.Count(report.Keys, "key"), term.Count(report.Records, "record"), humanize.IBytes(uint64(report.Bytes)),
		term.Count(report.Failures, "failure"), term.Count(report.Warnings, "warning"))
	return w.Flush()
}

func checkLine(f *check.Finding) string {
	place := f.File
	if f.Offset >= 0 {
		place += fmt.Sprintf(", offset %d", f.Offset)
	}
	line := fmt.Sprintf("%-4s  %s: %s", f.Level, place, f.Text)
	if f.Lost != "" {
		line += "; lost: " + f.Lost
	}
	if f.Mend != "" {
		line += "; to mend it: " + f.Mend
	}
	return term.Printable(line)
}
