package partition

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"owlcache/cmd/owlbench/internal/node"
	"owlcache/cmd/owlbench/internal/report"
)

// flags are the flags of owlbench partition.
type flags struct {
	node.Flags
	options  options
	isolated bool // this process has its own name spaces
}

// Command is owlbench partition.
func Command(out *report.Printer) *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "partition",
		Short: "Cut the network between nodes that share their data; they must agree again",
		Long: "Start nodes with data sync, each in a network name space of its own, cut the network between them\n" +
			"while all are written to and read, make it whole again and check every key, over and over. Cut are\n" +
			"halves, one node, one direction, UDP alone, or pairs of nodes. When the network is whole, all nodes\n" +
			"must come to hold the same: of each key the write with the greatest version that was acknowledged,\n" +
			"nothing that was never sent, nothing that was deleted. No client may see a node go back.\n\n" +
			"It needs Linux, root and the program ip. Networks, processes and mounts are in name spaces of their\n" +
			"own, which end with it. When a check fails, the directory with data and logs is kept.",
		Example: "  owlbench partition\n  owlbench partition --rounds 100 --nodes 5 --seed 7",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd.Context(), out, cmd.Flags())
		},
	}
	flags := cmd.Flags()
	o := &f.options
	*o, _ = options{}.withDefaults() // which are right
	flags.IntVar(&o.Rounds, "rounds", o.Rounds, "how often the network is cut")
	flags.IntVar(&o.Nodes, "nodes", o.Nodes, "number of nodes")
	flags.IntVar(&o.Keys, "keys", o.Keys, "keys that all nodes write")
	flags.Uint64Var(&o.Seed, "seed", 0, "of all that is random but the timing; 0 takes a new one")
	flags.DurationVar(&o.Longest, "longest", o.Longest, "longest `time` that the network is cut; the shortest is half of it")
	flags.BoolVar(&f.isolated, "isolated", false, "this process has its own name spaces")
	_ = flags.MarkHidden("isolated") // it is there
	f.Register(flags)
	return cmd
}

func (f *flags) run(ctx context.Context, out *report.Printer, all *pflag.FlagSet) (err error) {
	if f.options, err = f.options.withDefaults(); err != nil {
		return err
	}
	if f.isolated {
		result, err := newTrial(f.options, f.Owlcache, f.Dir, out.Logf).run(ctx)
		if err != nil {
			return err
		}
		return f.Print(out.Stdout, result)
	}
	if err := isolable(ctx); err != nil {
		return err
	}
	site, err := f.Open(ctx)
	if err != nil {
		return err
	}
	f.isolated, f.Dir = true, site.Dir
	if f.Owlcache, err = filepath.Abs(site.Program); err != nil {
		return err
	}
	args := []string{"partition"}
	all.VisitAll(func(flag *pflag.Flag) { args = append(args, "--"+flag.Name+"="+flag.Value.String()) })
	err = isolate(ctx, args, nil, out.Stdout, out.Stderr)
	if _, failed := errors.AsType[*exec.ExitError](err); failed {
		err = errors.New("it has failed, as is said above")
	}
	if err != nil {
		return fmt.Errorf("%w\nseed %d; the data directories and the logs of the nodes are kept in %s", err, f.options.Seed, site.Dir)
	}
	site.Remove()
	return nil
}
