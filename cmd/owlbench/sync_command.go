package main

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// syncFlags are the flags of owlbench sync.
type syncFlags struct {
	siteFlags
	reportFlags
	load  loadOptions // Keys are those that are written again and again
	only  []string    // parts
	keys  int         // that a node misses
	queue int         // MiB for a node that is stopped
}

func syncCommand(out *printer) *cobra.Command {
	f := syncFlags{load: loadOptions{Conns: 64, Keys: 100_000, Seconds: 5, Rounds: 3}, keys: 1_000_000, queue: 8}
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
			return runSync(cmd.Context(), out, f)
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&f.load.Conns, "conns", f.load.Conns, "connections of the load, each with one request under way")
	flags.Float64Var(&f.load.Seconds, "seconds", f.load.Seconds, "length of a round")
	flags.IntVar(&f.load.Rounds, "rounds", f.load.Rounds, "rounds; the figures are medians of them")
	flags.StringSliceVar(&f.only, "only", nil, "`parts` to do, of "+strings.Join(syncPartNames(), ", ")+"; empty does all")
	flags.IntVar(&f.keys, "keys", f.keys, "keys that a node misses, 1000 at least")
	flags.IntVar(&f.queue, "queue", f.queue, "`MiB` that may wait to be sent to the stopped node")
	f.siteFlags.register(flags, measuredDir)
	f.reportFlags.register(flags)
	return cmd
}

// sync is owlbench sync.
func runSync(ctx context.Context, out *printer, f syncFlags) (err error) {
	if f.load, err = f.load.withDefaults(); err != nil {
		return err
	}
	if err := checkOnly(f.only, "part", syncPartNames()); err != nil {
		return err
	}
	if f.keys < 1000 || f.keys > 1e9 || f.queue < 1 || f.queue > 1<<20 {
		return usageError(errors.New("--keys: 1000 at least; --queue: 1 MiB at least"))
	}
	s, err := f.open(ctx)
	if err != nil {
		return err
	}
	defer s.remove()
	b := &syncBench{site: s, results: results{printer: out}, flags: f}
	if err := b.run(ctx); err != nil {
		return err
	}
	return f.print(out.stdout, &syncReport{f.load, f.keys, thisMachine(nil), b.results})
}

// syncReport is what owlbench sync prints.
type syncReport struct {
	Load loadOptions `json:"load"`
	Keys int         `json:"missed_keys"`
	machine
	results
}

// table draws the report for people.
func (r *syncReport) table(w io.Writer) { r.tableWithNotes(w) }
