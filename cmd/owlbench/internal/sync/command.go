package sync

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/node"
	"owlcache/cmd/owlbench/internal/report"
)

// flags are the flags of owlbench sync.
type flags struct {
	node.SiteFlags
	report.Flags
	load  load.Options // Keys are those that are written again and again
	only  []string     // parts
	keys  int          // that a node misses
	queue int          // MiB for a node that is stopped
}

func Command(out *report.Printer) *cobra.Command {
	f := flags{load: load.Options{Conns: 64, Keys: 100_000, Seconds: 5, Rounds: 3}, keys: 1_000_000, queue: 8}
	cmd := &cobra.Command{
		Use:   "sync",
		Short: "Measure data sync of a group of three nodes",
		Long: "Measure how data sync keeps three nodes the same. They are started here, on free ports of the loopback\n" +
			"address, with their files in a temporary directory and the settings that are the default, but for\n" +
			"the queue in the last part. All share the CPUs with each other and with the load.\n\n" +
			"latency: one node is written to at half of the rate that it reaches at most while the\n" +
			"others are up. Of every 50th write it is measured how long it takes, from sending it on, until both\n" +
			"others answer it.\n" +
			"catch-up: a node is stopped, keys that it does not have are set on the others, and it is started\n" +
			"again; from when it serves data until it has the same digest as the others.\n" +
			"stopped: a node is stopped with SIGSTOP while another is written to as fast as it goes.",
		Example: "  owlbench sync\n  owlbench sync --keys 100000 --seconds 2 --dir /var/tmp -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return run(cmd.Context(), out, f)
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&f.load.Conns, "conns", f.load.Conns, "connections of the opts, each with one request under way")
	flags.Float64Var(&f.load.Seconds, "seconds", f.load.Seconds, "length of a round")
	flags.IntVar(&f.load.Rounds, "rounds", f.load.Rounds, "rounds; the figures are medians of them")
	flags.StringSliceVar(&f.only, "only", nil, "`parts` to do, of "+strings.Join(partNames(), ", ")+"; empty does all")
	flags.IntVar(&f.keys, "keys", f.keys, "keys that a node misses, 1000 at least")
	flags.IntVar(&f.queue, "queue", f.queue, "`MiB` that may wait to be sent to the stopped node")
	f.SiteFlags.Register(flags, node.MeasuredDir)
	f.Flags.Register(flags)
	return cmd
}

// sync is owlbench sync.
func run(ctx context.Context, out *report.Printer, f flags) (err error) {
	if f.load, err = f.load.WithDefaults(); err != nil {
		return err
	}
	if err := report.CheckOnly(f.only, "part", partNames()); err != nil {
		return err
	}
	if f.keys < 1000 || f.keys > 1e9 || f.queue < 1 || f.queue > 1<<20 {
		return report.Usage(errors.New("--keys: 1000 at least; --queue: 1 MiB at least"))
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
	return f.Print(out.Stdout, &output{f.load, f.keys, report.ThisMachine(nil), b.Results})
}

// output is what owlbench sync prints.
type output struct {
	Load load.Options `json:"load"`
	Keys int          `json:"missed_keys"`
	report.Machine
	report.Results
}

// Table draws the report for people.
func (r *output) Table(w io.Writer) { r.TableWithNotes(w) }
