package group

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/node"
	"owlcache/cmd/owlbench/internal/report"
)

// flags are the flags of owlbench group.
type flags struct {
	node.SiteFlags
	report.Flags
	load load.Options
}

// maxKeys is how many keys fit into the memory that a node has for the answers of
// its members, with some room.
const maxKeys = 50_000

func Command(out *report.Printer) *cobra.Command {
	f := flags{load: load.Options{Conns: 64, Keys: 10_000, Seconds: 3, Rounds: 5}}
	cmd := &cobra.Command{
		Use:   "group",
		Short: "Measure what it costs to ask a group of three nodes",
		Long: "Measure what it costs to ask the owlcache group. Three nodes are started here, on free ports of the\n" +
			"loopback address, with their files in a temporary directory. All have all keys; the newest values are\n" +
			"on another node than the one that is asked.\n\n" +
			"cached: the answers of the members are known; against get on /data/ of the same node, in turns.\n" +
			"uncached: no answer is kept, one request at a time; against the slowest member's own answer. In one\n" +
			"row a proxy holds back each answer of a member for 2 ms, as a network would.\n" +
			"burst: 1000 clients ask at once for a key that nobody has; the proxies count the requests.",
		Example: "  owlbench group\n  owlbench group --rounds 9 --seconds 1 -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return run(cmd.Context(), out, f)
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&f.load.Conns, "conns", f.load.Conns, "connections of the cached opts, each with one request under way")
	flags.Uint64Var(&f.load.Keys, "keys", f.load.Keys, "number of keys")
	flags.Float64Var(&f.load.Seconds, "seconds", f.load.Seconds, "length of a round")
	flags.IntVar(&f.load.Rounds, "rounds", f.load.Rounds, "rounds; the figures are medians of them")
	f.SiteFlags.Register(flags, node.MeasuredDir)
	f.Flags.Register(flags)
	return cmd
}

// group is owlbench group.
func run(ctx context.Context, out *report.Printer, f flags) (err error) {
	if f.load, err = f.load.WithDefaults(); err != nil {
		return err
	}
	if f.load.Keys > maxKeys {
		return report.Usage(errors.New("--keys: want at most 50000, so that the answers of the members fit into the node's memory for them"))
	}
	s, err := f.Open(ctx)
	if err != nil {
		return err
	}
	defer s.Remove()
	b := &bench{Site: s, Results: report.Results{Printer: out}, Generator: load.Generator{Options: f.load, CPU: s.CPUs.Load, Logf: out.Logf}}
	if err := b.run(ctx); err != nil {
		return err
	}
	return f.Print(out.Stdout, &report.LoadReport{Load: f.load, Machine: report.ThisMachine(s.CPUs.Apart()), Results: b.Results})
}
