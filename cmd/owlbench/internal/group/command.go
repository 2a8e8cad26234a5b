package group

import (
	"errors"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/node"
	"owlcache/cmd/owlbench/internal/report"
)

// maxKeys is how many keys fit into the memory that a node has for the answers of
// its members, with some room.
const maxKeys = 50_000

// Command is owlbench group.
func Command(out *report.Printer) *cobra.Command {
	f := node.Flags{Load: load.Options{Conns: 64, Keys: 10_000, Seconds: 3, Rounds: 5}}
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
			if f.Load.Keys > maxKeys {
				return report.Usage(errors.New("--keys: want at most 50000, so that the answers of the members fit into the node's memory for them"))
			}
			return f.Run(cmd.Context(), out, func(b *node.Bench) (report.Measured, error) {
				err := (&bench{Bench: b}).run(cmd.Context())
				return b.Report(), err
			})
		},
	}
	flags := cmd.Flags()
	f.Load.RegisterRounds(flags, "connections of the cached load, each with one request under way", "length of a round")
	flags.Uint64Var(&f.Load.Keys, "keys", f.Load.Keys, "number of keys")
	f.Register(flags)
	return cmd
}
