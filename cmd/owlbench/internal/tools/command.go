package tools

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlbench/internal/node"
	"owlcache/cmd/owlbench/internal/report"
)

// flags are the flags of owlbench tools.
type flags struct {
	node.SiteFlags
	report.Flags
	keys   int
	value  int
	rounds int
}

func Command(out *report.Printer) *cobra.Command {
	f := flags{keys: 1_000_000, value: 100, rounds: 5}
	cmd := &cobra.Command{
		Use:   "tools",
		Short: "Measure the commands that work on a data directory against cat",
		Long: "Measure how fast inspect, check, backup and export go through the files of a data directory, and\n" +
			"how much memory they take. The peer is cat, which reads the same files and does nothing with them.\n" +
			"All take turns, round by round; the figures are medians of the rounds. \"cold\" is from the disk: the\n" +
			"files are dropped from the memory of the system before each run. \"warm\" is from that memory.",
		Example: "  owlbench tools\n  owlbench tools --keys 5000000 --value 1000 --dir /var/tmp -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return run(cmd.Context(), out, f)
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&f.keys, "keys", f.keys, "keys in the directory, 1000 at least")
	flags.IntVar(&f.value, "value", f.value, "bytes of a value, 16 at least")
	flags.IntVar(&f.rounds, "rounds", f.rounds, "rounds; the figures are their medians")
	f.SiteFlags.Register(flags, node.MeasuredDir)
	f.Flags.Register(flags)
	return cmd
}

// tools is owlbench tools.
func run(ctx context.Context, out *report.Printer, f flags) error {
	if f.keys < 1000 || f.value < 16 || f.rounds < 1 {
		return report.Usage(errors.New("--keys: 1000 at least; --value: 16 at least; --rounds: 1 at least"))
	}
	s, err := f.Open(ctx)
	if err != nil {
		return err
	}
	defer s.Remove()
	b := &bench{Site: s, Results: report.Results{Printer: out}, flags: f}
	if err := b.run(ctx); err != nil {
		return err
	}
	return f.Print(out.Stdout, &output{f.keys, f.value, b.bytes, report.ThisMachine(nil), b.Rows})
}

// output is what owlbench tools prints.
type output struct {
	Keys  int   `json:"keys"`
	Value int   `json:"value"` // bytes
	Bytes int64 `json:"bytes"` // of the files
	report.Machine
	Rows []report.Row `json:"rows"`
}

// OK returns whether all targets are met.
func (r *output) OK() bool { return (&report.Results{Rows: r.Rows}).OK() }

// Table draws the report for people.
func (r *output) Table(w io.Writer) {
	// The writer keeps its first error for Flush.
	_, _ = fmt.Fprintf(w, "%d keys, %d MB of files\n", r.Keys, r.Bytes/1e6)
	(&report.Results{Rows: r.Rows}).Table(w)
}
