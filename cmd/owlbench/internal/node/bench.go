package node

import (
	"context"

	"github.com/spf13/pflag"

	"owlcache/cmd/owlbench/internal/cpu"
	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/report"
)

// Flags are those of the measurements that start owlcache, put load on it, and print
// a report with targets.
type Flags struct {
	SiteFlags
	report.Flags
	Load load.Options
}

// Register adds the flags to a command, but for those of the load.
func (f *Flags) Register(flags *pflag.FlagSet) {
	f.SiteFlags.Register(flags, MeasuredDir)
	f.Flags.Register(flags)
}

// Bench is what these measurements work with.
type Bench struct {
	*Site
	report.Results
	load.Generator
}

// Run opens a bench, measures, and prints the report.
func (f Flags) Run(ctx context.Context, out *report.Printer, measure func(*Bench) (report.Measured, error)) (err error) {
	if f.Load, err = f.Load.WithDefaults(); err != nil {
		return err
	}
	s, err := f.Open(ctx)
	if err != nil {
		return err
	}
	defer s.Remove()
	r, err := measure(&Bench{
		Site: s, Results: report.Results{Printer: out},
		Generator: load.Generator{Options: f.Load, CPU: s.CPUs.Load, Logf: out.Logf},
	})
	if err != nil {
		return err
	}
	return f.Print(out.Stdout, r)
}

// Report is the report of a measurement that has nothing else to say.
func (b *Bench) Report() report.Measured {
	return &report.LoadReport{Load: b.Options, Machine: report.ThisMachine(b.CPUs.Apart()), Results: b.Results}
}

// NoteShared notes if servers and load have no CPU each.
func (b *Bench) NoteShared() {
	if !*b.CPUs.Apart() {
		b.Note("there are no two CPUs to choose from: servers and load generator share what there is")
	}
}

// Against measures a node and a peer under the same load, in turns, and adds the row.
func (b *Bench) Against(ctx context.Context, op load.Op, what, peer string, goal float64, owl, other *load.Target) error {
	ours, theirs, err := b.Alternate(ctx, op, owl, other)
	if err == nil {
		b.Add(report.NewRow(what, peer, "per second", ours, theirs, goal, false))
	}
	return err
}

// FillNode makes the data directory of a node with all keys.
func (b *Bench) FillNode(ctx context.Context, name string) error {
	b.Logf("setting %d keys in owlcache", b.Keys)
	n, err := StartFilled(ctx, b.NodeOptions(name, cpu.Any, "WAL_Sync=no"), b.Options)
	if err != nil {
		return err
	}
	return n.Terminate()
}
