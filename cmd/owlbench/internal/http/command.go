package http

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlbench/internal/cpu"
	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/node"
	"owlcache/cmd/owlbench/internal/report"
)

type flags struct {
	node.SiteFlags
	load         load.Options
	op           load.Op
	addr         string
	passwordFile string
	noPreload    bool
	sync         string
	format       report.Format
}

// Command is owlbench http.
func Command(out *report.Printer) *cobra.Command {
	f := flags{op: load.Get}
	cmd := &cobra.Command{
		Use:   "http",
		Short: "Put load on a node over HTTP",
		Long: "Put load on a node over HTTP/1.1 with keep-alive: each connection has one request under way,\n" +
			"for any of the keys. The keys are set first. Without --addr a node is started for it, on a CPU\n" +
			"of its own, and removed afterwards.",
		Example: "  owlbench http\n  owlbench http --op set --conns 128 --seconds 10\n  owlbench http --addr 127.0.0.1:7721 --password-file secret.txt --op mixed",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return run(cmd.Context(), out, f)
		},
	}
	flags := cmd.Flags()
	f.load.Register(flags)
	flags.Var(&f.op, "op", "what is asked: get, set or mixed (nine gets to one set)")
	flags.StringVar(&f.addr, "addr", "", "`host:port` of a running node; empty starts one")
	flags.StringVar(&f.passwordFile, "password-file", "", "`file` with the password of the running node")
	flags.BoolVar(&f.noPreload, "no-preload", false, "take the keys as they are in the running node")
	f.Register(flags, node.AnyDir)
	flags.StringVar(&f.sync, "sync", "always", "WAL_Sync of the node that is started")
	f.format.Register(flags)
	return cmd
}

func run(ctx context.Context, out *report.Printer, f flags) (err error) {
	if f.load, err = f.load.WithDefaults(); err != nil {
		return err
	}
	if f.addr != "" {
		return f.measureRunning(ctx, out)
	}
	if f.noPreload {
		return report.Usage(errors.New("--no-preload needs --addr"))
	}
	s, err := f.Open(ctx)
	if err != nil {
		return err
	}
	defer s.Remove()
	o := s.NodeOptions("node", s.CPUs.Server)
	o.Settings = []string{"WAL_Sync=" + f.sync}
	n, err := node.StartReady(ctx, o)
	if err != nil {
		return err
	}
	return errors.Join(f.measure(ctx, out, n.Target(f.load), s.CPUs.Load), n.Terminate())
}

// measureRunning measures a node that runs already, on which CPU is not known.
func (f flags) measureRunning(ctx context.Context, out *report.Printer) error {
	token := ""
	if f.op != load.Get || !f.noPreload {
		if f.passwordFile == "" {
			return report.Usage(errors.New("setting keys needs --password-file"))
		}
		password, err := os.ReadFile(f.passwordFile)
		if err != nil {
			return fmt.Errorf("--password-file: %w", err)
		}
		if token, err = load.Login(ctx, f.addr, strings.TrimRight(string(password), "\r\n")); err != nil {
			return err
		}
	}
	return f.measure(ctx, out, load.HTTPTarget(f.addr, token, f.load), cpu.Any)
}

func (f flags) measure(ctx context.Context, out *report.Printer, t load.Target, core int) error {
	if !f.noPreload {
		out.Logf("setting %d keys", t.Keys)
		if err := load.Preload(ctx, &t); err != nil {
			return err
		}
	}
	g := load.Generator{Options: f.load, CPU: core}
	var all load.Sample
	var rates []float64
	for round := range f.load.Rounds {
		s, err := g.Measure(ctx, &t, f.op, round)
		if err != nil {
			return err
		}
		out.Logf("round %d: %.0f/s", round+1, s.Rate())
		rates = append(rates, s.Rate())
		all.Latencies.Merge(&s.Latencies)
		all.Busy += s.Busy
		all.Elapsed += s.Elapsed
	}
	h := &all.Latencies
	return f.format.Print(out.Stdout, &figures{
		Op: f.op.String(), Load: f.load, Rates: rates, Rate: report.Median(rates), LoadCPU: all.Load(),
		P50: h.Quantile(0.5), P99: h.Quantile(0.99), P999: h.Quantile(0.999), Max: h.Max,
	})
}

type figures struct {
	Op      string        `json:"op"`
	Load    load.Options  `json:"load"`
	Rates   []float64     `json:"rounds_per_second"`
	Rate    float64       `json:"per_second"` // median of Rates
	P50     time.Duration `json:"p50_ns"`
	P99     time.Duration `json:"p99_ns"`
	P999    time.Duration `json:"p999_ns"`
	Max     time.Duration `json:"max_ns"`
	LoadCPU float64       `json:"load_cpu"` // share of a CPU that the load generator used, of all rounds
}

func (o *figures) Table(w io.Writer) {
	micro := func(d time.Duration) string { return d.Round(time.Microsecond).String() }
	// The writer keeps its first error for Flush.
	_, _ = fmt.Fprintf(w, "op\tper second\tspread\tp50\tp99\tp99.9\tmax\tload CPU\n")
	_, _ = fmt.Fprintf(w, "%s\t%.0f\t%.0f %%\t%s\t%s\t%s\t%s\t%.0f %%\n", o.Op, o.Rate, 100*report.Spread(o.Rates),
		micro(o.P50), micro(o.P99), micro(o.P999), micro(o.Max), 100*o.LoadCPU)
}
