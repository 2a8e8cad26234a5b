package node

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"owlcache/cmd/owlbench/internal/cpu"
	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/report"
)

// SiteFlags say which program is measured, and where.
type SiteFlags struct {
	Owlcache string
	Dir      string
}

// Register adds the flags to a command. dir is the help for --dir.
func (f *SiteFlags) Register(flags *pflag.FlagSet, dir string) {
	flags.StringVar(&f.Owlcache, "owlcache", "", "`program` to start; empty builds that of the checkout, else takes that of the search path")
	flags.StringVar(&f.Dir, "dir", "", dir)
}

// The two helps for --dir.
const (
	AnyDir      = "`directory` for temporary files"
	MeasuredDir = AnyDir + ", on the disk to be measured"
)

// Site is where a measurement starts its servers. They have their files in its
// directory, share a password and, if there are two CPUs, leave one to the load.
type Site struct {
	Program  string // owlcache
	Dir      string
	Password string
	CPUs     cpu.Pins
}

// Open makes a temporary directory, which Remove removes, and finds the program.
func (f SiteFlags) Open(ctx context.Context) (*Site, error) {
	dir, err := os.MkdirTemp(f.Dir, "owlbench-")
	if err != nil {
		return nil, err
	}
	s := &Site{Dir: dir, Password: rand.Text(), CPUs: cpu.Choose()}
	if s.Program, err = findOwlcache(ctx, f.Owlcache, dir); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

// Remove removes all files.
func (s *Site) Remove() {
	_ = os.RemoveAll(s.Dir) // what cannot be removed is in the place for what may be removed
}

// NodeOptions returns the options of a node whose directory is name, and whose log is never
// folded unless settings say so.
func (s *Site) NodeOptions(name string, core int, settings ...string) Options {
	return Options{
		Program: s.Program, Dir: filepath.Join(s.Dir, name), Password: s.Password,
		Settings: append(Unfolded(), settings...), CPU: core,
	}
}

// Unfolded are the settings under which a node never folds its log by itself.
func Unfolded() []string {
	return []string{"Task_DataBackup=0", "Checkpoint_LogSize=1TiB", "Logfile="}
}

// StartPeer starts a peer that speaks HTTP at addr, on the CPU of servers, and waits
// until it answers a path.
func (s *Site) StartPeer(ctx context.Context, o ProcessOptions, addr, path string) (*Process, error) {
	o.Dir, o.CPU = s.Dir, s.CPUs.Server
	return StartServer(ctx, o, func() error {
		_, err := load.AskOK(ctx, addr, path)
		return err
	})
}

// findOwlcache returns path if there is one, else what "go build" makes of the checkout around
// the working directory (put into dir), else the owlcache of the search path.
func findOwlcache(ctx context.Context, path, dir string) (string, error) {
	if path != "" {
		found, err := exec.LookPath(path)
		if err != nil {
			return "", err
		}
		return filepath.Abs(found) // processes start in directories of their own
	}
	module, err := exec.CommandContext(ctx, "go", "list", "-m").Output()
	if err == nil && strings.TrimSpace(string(module)) == "owlcache" {
		path = filepath.Join(dir, "owlcache")
		if out, err := exec.CommandContext(ctx, "go", "build", "-o", path, "owlcache/cmd/owlcache").CombinedOutput(); err != nil {
			return "", fmt.Errorf("build owlcache: %w\n%s", err, out)
		}
		return path, nil
	}
	if path, err = exec.LookPath("owlcache"); err != nil {
		return "", errors.New("there is no owlcache in the search path and this is no checkout: name the program with --owlcache")
	}
	return path, nil
}

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
		Generator: load.Generator{Options: f.Load, CPU: s.CPUs.Load},
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

// Against measures a node and a peer under the same load, in turns: one short round each
// to warm up, and then all rounds. It adds the row.
func (b *Bench) Against(ctx context.Context, op load.Op, what, peer string, goal float64, owl, other *load.Target) error {
	warmup, sides := b.Generator, []*load.Target{owl, other}
	warmup.Seconds = min(1, b.Seconds)
	for _, t := range sides {
		if _, err := warmup.Measure(ctx, t, op, 0); err != nil {
			return err
		}
	}
	var rates [2][]float64
	for round := 1; round <= b.Rounds; round++ {
		var told []string
		for i, t := range sides {
			s, err := b.Measure(ctx, t, op, round)
			if err != nil {
				return err
			}
			rates[i] = append(rates[i], s.Rate())
			told = append(told, fmt.Sprintf("%s %.0f/s (load %.0f %%)", t.Name, s.Rate(), 100*s.Load()))
		}
		b.Logf("%s round %d: %s", op, round, strings.Join(told, ", "))
	}
	b.Add(report.NewRow(what, peer, "per second", rates[0], rates[1], goal, false))
	return nil
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
