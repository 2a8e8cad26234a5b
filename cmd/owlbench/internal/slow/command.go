package slow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/node"
	"owlcache/cmd/owlbench/internal/report"
)

// maxClients is how many connections two processes can have with the ports there are
// on one address.
const maxClients = 20_000

// bench is a run of owlbench slow. The load is that of the other clients.
type bench struct {
	*node.Bench
	clients int           // slow ones at once
	limit   time.Duration // of the node, for each of its times
	only    []string      // kinds
}

// Command is owlbench slow.
func Command(out *report.Printer) *cobra.Command {
	f := node.Flags{Load: load.Options{Conns: 16, Keys: 10_000, Seconds: 2, Rounds: 3}}
	b := bench{clients: 10_000, limit: 10 * time.Second}
	names := kindNames(allKinds(""))
	cmd := &cobra.Command{
		Use:   "slow",
		Short: "Let thousands of slow clients loose on a node while others work",
		Long: "Start a node, let other clients read and write, open thousands of connections of every slow kind\n" +
			"beside them, and look at what becomes of the others, of the node's memory and of the slow ones:\n" +
			"clients that say nothing, that send a byte now and then, or that ask for much and never read it; over\n" +
			"HTTP, WebSocket and TCP, and, on a node with HTTPS, handshakes without an end. They write to one key\n" +
			"without ever finishing, so that the key must not be there at the end.\n\n" +
			"Each round measures the others without slow clients, opens these, measures the others again and\n" +
			"waits until the node has closed all. Node and clients have a CPU each, if there are two.",
		Example: "  owlbench slow\n  owlbench slow --clients 1000 --limit 5s --rounds 1 -o json --strict",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := report.CheckOnly(b.only, "kind", names); err != nil {
				return err
			}
			if b.clients < 1 || b.clients > maxClients || b.limit < time.Second || b.limit > time.Hour || b.limit%time.Second != 0 {
				return report.Usage(fmt.Errorf("--clients: want 1 to %d; --limit: want whole seconds, one at least", maxClients))
			}
			return f.Run(cmd.Context(), out, func(of *node.Bench) (report.Measured, error) {
				b.Bench = of
				return b.run(cmd.Context())
			})
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&b.clients, "clients", b.clients, "slow connections at once, of each of both nodes")
	flags.DurationVar(&b.limit, "limit", b.limit, "`time` that the node gives a client to send a request, to take an answer, and to be idle; whole seconds")
	flags.StringSliceVar(&b.only, "only", nil, "`kinds` of slow clients, of "+strings.Join(names, ", ")+"; empty takes all")
	f.Load.RegisterRounds(flags, "connections of the others, each with one request under way", "length of a measurement")
	f.Register(flags)
	return cmd
}

type output struct {
	Load    load.Options  `json:"load"`
	Clients int           `json:"slow_clients"`
	Limit   time.Duration `json:"limit_ns"`
	report.Machine
	report.Results
}

func (o *output) Table(w io.Writer) { o.TableWithNotes(w) }

func (b *bench) run(ctx context.Context) (report.Measured, error) {
	if err := b.fitFiles(); err != nil {
		return nil, err
	}
	if err := b.fill(ctx); err != nil {
		return nil, fmt.Errorf("set the keys: %w", err)
	}
	for _, https := range []bool{false, true} {
		kinds := b.kinds(https, "")
		if len(kinds) == 0 {
			continue
		}
		if err := (&series{bench: b, https: https}).run(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", strings.Join(kindNames(kinds), ", "), err)
		}
	}
	return &output{b.Options, b.clients, b.limit, report.ThisMachine(b.CPUs.Apart()), b.Results}, nil
}

// fitFiles lowers the number of slow clients to what the limit of open files allows.
func (b *bench) fitFiles() error {
	const others = 200
	limit := node.MaxOpenFiles()
	fit := limit - others - b.Conns
	if b.clients <= fit {
		return nil
	}
	if fit < 1 {
		return errors.New("the limit of open files (ulimit -Hn) leaves no room for slow clients")
	}
	b.Note("Only %d slow clients: the hard limit of open files is %d.", fit, limit)
	b.clients = fit
	return nil
}
