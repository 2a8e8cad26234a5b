package tools

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlbench/internal/node"
	"owlcache/cmd/owlbench/internal/report"
)

// Command is owlbench tools.
func Command(out *report.Printer) *cobra.Command {
	var f node.Flags
	keys, value, rounds := 1_000_000, 100, 5
	cmd := &cobra.Command{
		Use:   "tools",
		Short: "Measure the commands that work on a data directory against cat",
		Long: "Measure how fast inspect, check, backup and export go through the files of a data directory, and\n" +
			"how much memory they take. The peer is cat, which reads the same files and does nothing with them.\n" +
			"All take turns, round by round; the figures are medians of the rounds. \"cold\" is from the disk: the\n" +
			"files are dropped from the memory of the system before each run. \"warm\" is from that memory.",
		Example: "  owlbench tools\n  owlbench tools --keys 5000000 --value 1000 --dir /var/tmp -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if keys < 1000 || value < 16 || rounds < 1 {
				return report.Usage(errors.New("--keys: 1000 at least; --value: 16 at least; --rounds: 1 at least"))
			}
			return f.Run(cmd.Context(), out, func(b *node.Bench) (report.Measured, error) {
				t := &bench{Bench: b, value: value, rounds: rounds}
				err := t.run(cmd.Context(), keys)
				return &output{keys, value, t.bytes, report.ThisMachine(nil), b.Rows}, err
			})
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&keys, "keys", keys, "keys in the directory, 1000 at least")
	flags.IntVar(&value, "value", value, "bytes of a value, 16 at least")
	flags.IntVar(&rounds, "rounds", rounds, "rounds; the figures are their medians")
	f.Register(flags)
	return cmd
}

type output struct {
	Keys  int   `json:"keys"`
	Value int   `json:"value"` // bytes
	Bytes int64 `json:"bytes"` // of the files
	report.Machine
	report.Rows `json:"rows"`
}

func (o *output) Table(w io.Writer) {
	// The writer keeps its first error for Flush.
	_, _ = fmt.Fprintf(w, "%d keys, %d MB of files\n", o.Keys, o.Bytes/1e6)
	o.Rows.Table(w)
}
