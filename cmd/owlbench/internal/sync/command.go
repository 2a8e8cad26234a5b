package sync

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlbench/internal/cpu"
	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/node"
	"owlcache/cmd/owlbench/internal/report"
)

// Command is owlbench sync.
func Command(out *report.Printer) *cobra.Command {
	// The keys of the load are those that are written again and again.
	f := node.Flags{Load: load.Options{Conns: 64, Keys: 100_000, Seconds: 5, Rounds: 3}}
	keys, queue := 1_000_000, 8
	var only []string
	names := report.PartNames(parts(nil))
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
			if err := report.CheckOnly(only, "part", names); err != nil {
				return err
			}
			if keys < 1000 || keys > 1e9 || queue < 1 || queue > 1<<20 {
				return report.Usage(errors.New("--keys: 1000 at least; --queue: 1 MiB at least"))
			}
			return f.Run(cmd.Context(), out, func(b *node.Bench) (report.Measured, error) {
				return (&bench{b, keys, queue}).run(cmd.Context(), only)
			})
		},
	}
	flags := cmd.Flags()
	f.Load.RegisterRounds(flags, "connections of the load, each with one request under way", "length of a round")
	flags.StringSliceVar(&only, "only", nil, "`parts` to do, of "+strings.Join(names, ", ")+"; empty does all")
	flags.IntVar(&keys, "keys", keys, "keys that a node misses, 1000 at least")
	flags.IntVar(&queue, "queue", queue, "`MiB` that may wait to be sent to the stopped node")
	f.Register(flags)
	return cmd
}

type output struct {
	Load load.Options `json:"load"`
	Keys int          `json:"missed_keys"`
	report.Machine
	report.Results
}

func (o *output) Table(w io.Writer) { o.TableWithNotes(w) }

// The targets of data sync.
const (
	medianTarget      = 100.0 // ms from a write to its being readable everywhere
	tailTarget        = 1000.0
	catchUpTarget     = 50_000.0 // entries per second
	stoppedRateTarget = 0.9      // of the rate with all nodes up
)

// patience is how long nodes may take to agree.
const patience = 5 * time.Minute

type bench struct {
	*node.Bench
	keys  int // that a node misses
	queue int // MiB for a node that is stopped
}

func (b *bench) run(ctx context.Context, only []string) (report.Measured, error) {
	b.CPU = cpu.Any // all share the CPUs
	err := b.RunParts(ctx, parts(b), only)
	b.Note(`What the digest adds to a write has a benchmark of its own: go test ./engine -run '^$' -bench 'Digest$'`)
	return &output{b.Options, b.keys, report.ThisMachine(nil), b.Results}, err
}

// parts returns all measurements, each in a group of its own.
func parts(b *bench) []report.Part {
	part := func(name string, measure func(*bench, context.Context, nodeGroup) error) report.Part {
		return report.Part{Name: name, Run: func(ctx context.Context) error {
			g, err := b.newGroup(name)
			if err != nil {
				return err
			}
			defer g.kill()
			if err := g.start(ctx); err != nil {
				return err
			}
			if err := measure(b, ctx, g); err != nil {
				return err
			}
			return g.terminate()
		}}
	}
	return []report.Part{
		part("latency", (*bench).measureLatency),
		part("catch-up", (*bench).measureCatchUp),
		part(stoppedPart, (*bench).measureStopped),
	}
}
