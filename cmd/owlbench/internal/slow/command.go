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

// flags are the flags of owlbench slow.
type flags struct {
	node.SiteFlags
	report.Flags
	load    load.Options  // of the others
	clients int           // slow ones at once
	limit   time.Duration // of the node, for each of its times
	only    []string      // kinds
}

// maxSlowClients is how many connections two processes can have with the ports there are
// on one address.
const maxSlowClients = 20_000

func Command(out *report.Printer) *cobra.Command {
	f := flags{
		load:    load.Options{Conns: 16, Keys: 10_000, Seconds: 2, Rounds: 3},
		clients: 10_000, limit: 10 * time.Second,
	}
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
			return run(cmd.Context(), out, f)
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&f.clients, "clients", f.clients, "slow connections at once, of each of both nodes")
	flags.DurationVar(&f.limit, "limit", f.limit, "`time` that the node gives a client to send a request, to take an answer, and to be idle; whole seconds")
	flags.StringSliceVar(&f.only, "only", nil, "`kinds` of slow clients, of "+strings.Join(allKindNames(), ", ")+"; empty takes all")
	flags.IntVar(&f.load.Conns, "conns", f.load.Conns, "connections of the others, each with one request under way")
	flags.Float64Var(&f.load.Seconds, "seconds", f.load.Seconds, "length of a measurement")
	flags.IntVar(&f.load.Rounds, "rounds", f.load.Rounds, "rounds; the figures are medians of them")
	f.SiteFlags.Register(flags, node.MeasuredDir)
	f.Flags.Register(flags)
	return cmd
}

// slow is owlbench slow.
func run(ctx context.Context, out *report.Printer, f flags) (err error) {
	if f.load, err = f.load.WithDefaults(); err != nil {
		return err
	}
	if err := report.CheckOnly(f.only, "kind", allKindNames()); err != nil {
		return err
	}
	if f.clients < 1 || f.clients > maxSlowClients || f.limit < time.Second || f.limit > time.Hour || f.limit%time.Second != 0 {
		return report.Usage(fmt.Errorf("--clients: want 1 to %d; --limit: want whole seconds, one at least", maxSlowClients))
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
	return f.Print(out.Stdout, &output{f.load, b.flags.clients, f.limit, report.ThisMachine(s.CPUs.Apart()), b.Results})
}

// output is what owlbench slow prints.
type output struct {
	Load    load.Options  `json:"load"`
	Clients int           `json:"slow_clients"`
	Limit   time.Duration `json:"limit_ns"`
	report.Machine
	report.Results
}

// Table draws the report for people.
func (r *output) Table(w io.Writer) { r.TableWithNotes(w) }

// fitFiles lowers the number of slow clients to what the limit of open files allows in
// each of both processes.
func (b *bench) fitFiles() error {
	const others = 200
	limit, known := maxOpenFiles()
	if !known || b.flags.clients+others+b.flags.load.Conns <= limit {
		return nil
	}
	fit := limit - others - b.flags.load.Conns
	if fit < 1 {
		return errors.New("the limit of open files (ulimit -Hn) leaves no room for slow clients")
	}
	b.Note("Only %d slow clients: the hard limit of open files is %d.", fit, limit)
	b.flags.clients = fit
	return nil
}
