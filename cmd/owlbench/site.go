package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"
)

// siteFlags say which program is measured, and where.
type siteFlags struct {
	owlcache string
	dir      string
}

// register adds the flags to a command. dir is the help for --dir.
func (f *siteFlags) register(flags *pflag.FlagSet, dir string) {
	flags.StringVar(&f.owlcache, "owlcache", "", "`program` to start; empty builds that of the checkout, else takes that of the search path")
	flags.StringVar(&f.dir, "dir", "", dir)
}

// The two helps for --dir.
const (
	anyDir      = "`directory` for temporary files"
	measuredDir = anyDir + ", on the disk to be measured"
)

// site is where a measurement starts its servers. They have their files in its
// directory, share a password and, if there are two CPUs, leave one to the load.
type site struct {
	program  string // owlcache
	dir      string
	password string
	cpus     pins
}

// open makes a temporary directory, which remove removes, and finds the program.
func (f siteFlags) open(ctx context.Context) (*site, error) {
	dir, err := os.MkdirTemp(f.dir, "owlbench-")
	if err != nil {
		return nil, err
	}
	s := &site{dir: dir, password: newPassword(), cpus: choosePins()}
	if s.program, err = findOwlcache(ctx, f.owlcache, dir); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

// remove removes all files.
func (s *site) remove() {
	_ = os.RemoveAll(s.dir) // what cannot be removed is in the place for what may be removed
}

// node returns the options of a node whose directory is name, and whose log is never
// folded unless settings say so.
func (s *site) node(name string, cpu int, settings ...string) nodeOptions {
	return nodeOptions{
		Program: s.program, Dir: filepath.Join(s.dir, name), Password: s.password,
		Settings: append(unfolded(), settings...), CPU: cpu,
	}
}

// unfolded are the settings under which a node never folds its log by itself.
func unfolded() []string {
	return []string{"Task_DataBackup=0", "Checkpoint_LogSize=1TiB", "Logfile="}
}
