package main

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"
)

// runFlags are the flags of the commands that start owlcache and print a report with
// targets.
type runFlags struct {
	owlcache string
	dir      string
	strict   bool
	output   output
}

func (f *runFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.owlcache, "owlcache", "", "`program` to start; empty builds that of the checkout, else takes that of the search path")
	flags.StringVar(&f.dir, "dir", "", "`directory` for temporary files, on the disk to be measured")
	flags.BoolVar(&f.strict, "strict", false, "fail when a target is missed")
	f.output.register(cmd)
}

// prepare makes a temporary directory, which remove removes, and finds the program.
func (f *runFlags) prepare(ctx context.Context) (dir, owlcache string, remove func(), err error) {
	dir, remove, err = scratch(f.dir)
	if err != nil {
		return "", "", nil, err
	}
	if owlcache, err = findOwlcache(ctx, f.owlcache, dir); err != nil {
		remove()
	}
	return dir, owlcache, remove, err
}

// measured is a report with targets.
type measured interface {
	table(io.Writer)
	ok() bool
}

// print prints a report. With --strict it is an error if a target is missed.
func (f *runFlags) print(w io.Writer, r measured) error {
	if err := f.output.print(w, r); err != nil {
		return err
	}
	if f.strict && !r.ok() {
		return errors.New("a target is missed")
	}
	return nil
}
