package tools

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/dustin/go-humanize"
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

// repairShown is how many keys or places of one kind the report for people lists; the
// one for programs lists all.
const repairShown = 20

// repairPrinter writes the report of a repair for people.
type repairPrinter struct {
	strings.Builder
	report *repair.Report
}

// printRepair writes the report for people.
func printRepair(w io.Writer, report *repair.Report) error {
	p := &repairPrinter{report: report}
	p.printRead()
	p.printDamage()
	p.printKeys()
	p.printFiles()
	p.printResult()
	_, err := io.WriteString(w, p.String())
	return err
}

func (p *repairPrinter) line(format string, args ...any) {
	_, _ = fmt.Fprintf(p, format, args...) // a Builder does not fail
	p.WriteByte('\n')
}

func (p *repairPrinter) printRead() {
	r := p.report
	p.line("read      %s", r.Source)
	switch s := &r.Snapshot; {
	case !s.Present:
		p.line("snapshot  none")
	case s.Legacy:
		p.line("snapshot  %s entries of a 0.5.1 node", humanize.Comma(s.Entries))
	case s.Wanted > 0:
		p.line("snapshot  %s of %s entries, up to record %d", humanize.Comma(s.Entries), humanize.Comma(s.Wanted), s.LSN)
	default:
		p.line("snapshot  %s entries, up to record %d", humanize.Comma(s.Entries), s.LSN)
	}
	l := &r.Log
	if l.Segments == 0 {
		p.line("log       none")
	} else {
		p.line("log       %s, %s in %s, up to record %d", term.Count(l.Records, "record"), humanize.IBytes(uint64(l.Bytes)), term.Count(int64(l.Segments), "segment"), l.LastLSN)
	}
}

// printDamage lists the places, those with a loss first.
func (p *repairPrinter) printDamage() {
	for _, loss := range []bool{true, false} {
		var lines []string
		for _, d := range p.report.Damage {
			if d.Loss == loss {
				lines = append(lines, p.place(&d))
			}
		}
		title := "damaged, and nothing of it is missing:"
		if loss {
			title = "damaged, with a loss:"
		}
		p.list(title, lines)
	}
	if n := p.report.Log.LostRecords; n > 0 {
		p.line("")
		p.line("Lost from the log: %s. Which keys were written there is not known;", term.Count(int64(n), "record"))
		p.line("such a key has the value that it had before, or none.")
	}
}

// place describes one damaged place.
func (p *repairPrinter) place(d *repair.Damage) string {
	name := d.File
	if rel, err := filepath.Rel(p.report.Source, d.File); err == nil {
		name = rel
	}
	var b strings.Builder
	b.WriteString(name)
	if d.Offset >= 0 {
		fmt.Fprintf(&b, ", offset %d", d.Offset)
	}
	if d.Bytes > 0 {
		fmt.Fprintf(&b, ", %s", term.Count(d.Bytes, "byte"))
	}
	b.WriteString(": " + d.Problem)
	switch {
	case d.FirstLSN == 0:
	case d.OpenEnd:
		fmt.Fprintf(&b, "; lost: records from %d on, nobody knows how many", d.FirstLSN)
	case d.FirstLSN == d.LastLSN:
		fmt.Fprintf(&b, "; lost: record %d", d.FirstLSN)
	default:
		fmt.Fprintf(&b, "; lost: records %d to %d", d.FirstLSN, d.LastLSN)
	}
	switch {
	case !d.Loss || d.FromKey == nil && d.ToKey == nil:
	case d.ToKey == nil:
		fmt.Fprintf(&b, "; keys from %s on", term.Key(d.FromKey))
	case d.FromKey == nil:
		fmt.Fprintf(&b, "; keys before %s", term.Key(d.ToKey))
	default:
		fmt.Fprintf(&b, "; keys from %s, before %s", term.Key(d.FromKey), term.Key(d.ToKey))
	}
	return b.String()
}

func (p *repairPrinter) printKeys() {
	for _, state := range []string{repair.Lost, repair.Uncertain} {
		var lines []string
		for _, k := range p.report.Keys {
			if k.State == state {
				lines = append(lines, term.Key(k.Key)+": "+k.Problem)
			}
		}
		p.list(state+" keys:", lines)
	}
}

func (p *repairPrinter) printFiles() {
	var lines []string
	for _, f := range p.report.Files {
		if f.State == repair.FileLost {
			lines = append(lines, f.Name+": "+f.Problem)
		}
	}
	p.list("files that were not copied:", lines)
}

// list writes lines below a title, as far as a person reads them.
func (p *repairPrinter) list(title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	p.line("")
	p.line("%s", title)
	for i, l := range lines {
		if i == repairShown {
			p.line("  and %d more; all with -o json", len(lines)-i)
			break
		}
		p.line("  %s", l)
	}
}

func (p *repairPrinter) printResult() {
	r := p.report
	p.line("")
	kept := fmt.Sprintf("%s and %s (%s)", term.Count(r.Kept.Keys, "key"), term.Count(r.Kept.Tombstones, "tombstone"), humanize.IBytes(uint64(r.Kept.Bytes)))
	verdict := "Everything was saved."
	if !r.Complete {
		verdict = "Something is lost or uncertain, see above."
	}
	if r.Target == "" {
		p.line("%s could be kept. Nothing was written.", kept)
		return
	}
	p.line("kept      %s in %s", kept, r.Target)
	p.line("%s %s was not changed.", verdict, r.Source)
	p.line("Go on with: owlcache --dir %s", r.Target)
}
