package crash

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlbench/internal/node"
	"owlcache/cmd/owlbench/internal/report"
)

// flags are the flags of owlbench crash.
type flags struct {
	node.SiteFlags
	options options
	format  report.Format
}

func Command(out *report.Printer) *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "crash",
		Short: "Kill a node while it is written to; nothing acknowledged may be lost",
		Long: "Start a node, write to it over many connections, kill it at a random moment, start it again on the\n" +
			"same data and check every key, over and over. Each write that was acknowledged must be there, each\n" +
			"that was not may be there or not, nothing else may be. Some rounds end the node with SIGTERM, some\n" +
			"kill it while it starts, and in most it folds its log all the time.\n\n" +
			"When a check fails, the history of the key is printed and the directory is kept.",
		Example: "  owlbench crash\n  owlbench crash --rounds 1000 --seed 7",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return run(cmd.Context(), out, f)
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&f.options.Rounds, "rounds", 20, "how often it is killed")
	flags.IntVar(&f.options.Conns, "conns", 16, "connections that write")
	flags.IntVar(&f.options.Readers, "readers", 2, "connections that read what others write")
	flags.IntVar(&f.options.Keys, "keys", 64, "keys of each connection")
	flags.Uint64Var(&f.options.Seed, "seed", 0, "of all that is random but the timing; 0 takes a new one")
	flags.DurationVar(&f.options.MaxLife, "max-life", 600*time.Millisecond, "longest `time` from the first write to the kill")
	f.SiteFlags.Register(flags, node.AnyDir)
	f.format.Register(flags)
	return cmd
}

// crash is owlbench crash.
func run(ctx context.Context, out *report.Printer, f flags) error {
	if f.options.Seed == 0 {
		f.options.Seed = uint64(time.Now().UnixNano())
	}
	options, err := f.options.withDefaults()
	if err != nil {
		return err
	}
	s, err := f.Open(ctx)
	if err != nil {
		return err
	}
	report, err := newTrial(options, &nodeServer{s}, out.Logf).run(ctx)
	if err != nil {
		return fmt.Errorf("%w\nseed %d; the data directory and the log of the node are kept in %s", err, options.Seed, s.Dir)
	}
	s.Remove()
	return f.format.Print(out.Stdout, report)
}

// Table draws the report for people.
func (r outcome) Table(w io.Writer) {
	// The writer keeps its first error for Flush.
	_, _ = fmt.Fprintf(w, "rounds\tkilled\tstopped\tkilled in start\tfolded its log\twrites\tunanswered\tchecks\treads\tlost\tresurrected\tnever sent\n")
	_, _ = fmt.Fprintf(w, "%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t0\t0\t0\n",
		r.Rounds, r.Kills, r.Stops, r.StartKills, r.Folded, r.Writes, r.Unanswered, r.Checks, r.Reads)
}
