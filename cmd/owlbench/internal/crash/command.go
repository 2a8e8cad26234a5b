package crash

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlbench/internal/cpu"
	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/node"
	"owlcache/cmd/owlbench/internal/report"
)

// Command is owlbench crash.
func Command(out *report.Printer) *cobra.Command {
	var site node.SiteFlags
	var format report.Format
	o, _ := options{}.withDefaults() // which are right
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
			result, err := run(cmd.Context(), site, o, out.Logf)
			if err != nil {
				return err
			}
			return format.Print(out.Stdout, result)
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&o.Rounds, "rounds", o.Rounds, "how often it is killed")
	flags.IntVar(&o.Conns, "conns", o.Conns, "connections that write")
	flags.IntVar(&o.Readers, "readers", o.Readers, "connections that read what others write")
	flags.IntVar(&o.Keys, "keys", o.Keys, "keys of each connection")
	flags.Uint64Var(&o.Seed, "seed", 0, "of all that is random but the timing; 0 takes a new one")
	flags.DurationVar(&o.MaxLife, "max-life", o.MaxLife, "longest `time` from the first write to the kill")
	site.Register(flags, node.AnyDir)
	format.Register(flags)
	return cmd
}

// run is a trial of the real program. What a failure leaves is kept, to be looked at.
func run(ctx context.Context, f node.SiteFlags, o options, logf func(string, ...any)) (outcome, error) {
	o, err := o.withDefaults()
	if err != nil {
		return outcome{}, err
	}
	s, err := f.Open(ctx)
	if err != nil {
		return outcome{}, err
	}
	result, err := newTrial(o, &nodeServer{s}, logf).run(ctx)
	if err != nil {
		return result, fmt.Errorf("%w\nseed %d; the data directory and the log of the node are kept in %s", err, o.Seed, s.Dir)
	}
	s.Remove()
	return result, nil
}

func (o outcome) Table(w io.Writer) {
	// The writer keeps its first error for Flush.
	_, _ = fmt.Fprintf(w, "rounds\tkilled\tstopped\tkilled in start\tfolded its log\twrites\tunanswered\tchecks\treads\tlost\tresurrected\tnever sent\n")
	_, _ = fmt.Fprintf(w, "%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t0\t0\t0\n",
		o.Rounds, o.Kills, o.Stops, o.StartKills, o.Folded, o.Writes, o.Unanswered, o.Checks, o.Reads)
}

// nodeServer is the real program, on one data directory.
type nodeServer struct{ *node.Site }

func (s *nodeServer) start(settings []string) (life, error) {
	o := s.NodeOptions("node", cpu.Any)
	o.Settings = append([]string{"Logfile="}, settings...)
	return node.Start(o)
}

func (s *nodeServer) login(ctx context.Context, addr string) (string, error) {
	return load.Login(ctx, addr, s.Password)
}

func (s *nodeServer) snapshotTime() time.Time {
	info, err := os.Stat(filepath.Join(s.Dir, "node", "owlcache.db"))
	if err != nil {
		return time.Time{} // there is none
	}
	return info.ModTime()
}
