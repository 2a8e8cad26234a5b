package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
)

// groupFlags are the flags of owlbench group.
type groupFlags struct {
	siteFlags
	reportFlags
	load loadOptions
}

// maxGroupKeys is how many keys fit into the memory that a node has for the answers of
// its members, with some room.
const maxGroupKeys = 50_000

func groupCommand(out *printer) *cobra.Command {
	f := groupFlags{load: loadOptions{Conns: 64, Keys: 10_000, Seconds: 3, Rounds: 5}}
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
			return runGroup(cmd.Context(), out, f)
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&f.load.Conns, "conns", f.load.Conns, "connections of the cached load, each with one request under way")
	flags.Uint64Var(&f.load.Keys, "keys", f.load.Keys, "number of keys")
	flags.Float64Var(&f.load.Seconds, "seconds", f.load.Seconds, "length of a round")
	flags.IntVar(&f.load.Rounds, "rounds", f.load.Rounds, "rounds; the figures are medians of them")
	f.siteFlags.register(flags, measuredDir)
	f.reportFlags.register(flags)
	return cmd
}

// group is owlbench group.
func runGroup(ctx context.Context, out *printer, f groupFlags) (err error) {
	if f.load, err = f.load.withDefaults(); err != nil {
		return err
	}
	if f.load.Keys > maxGroupKeys {
		return usageError(errors.New("--keys: want at most 50000, so that the answers of the members fit into the node's memory for them"))
	}
	s, err := f.open(ctx)
	if err != nil {
		return err
	}
	defer s.remove()
	b := &groupBench{site: s, results: results{printer: out}, generator: generator{f.load, s.cpus.load, out.logf}}
	if err := b.run(ctx); err != nil {
		return err
	}
	return f.print(out.stdout, &loadReport{f.load, thisMachine(s.cpus.apart()), b.results})
}
