package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// The exit codes of all commands.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// program is what a run of the program has around it.
type program struct {
	stdout, stderr io.Writer
}

// rootCommand returns the command line with all its commands.
func (p *program) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "owlbench",
		Short:         "Measure owlcache, compare it with its peers, crash it",
		Args:          usageArgs,
		SilenceErrors: true, // run prints them
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usageError(errors.New("say what to do: " + names(cmd.Commands())))
		},
	}
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError(fmt.Errorf("%w; see %s --help", err, cmd.CommandPath()))
	})
	root.AddCommand(p.httpCommand(), p.compareCommand(), p.crashCommand(), p.toolsCommand(), p.groupCommand(), p.partitionCommand(), p.syncCommand(), p.tcpCommand(), p.slowCommand(), p.bareCommand())
	for _, cmd := range root.Commands() {
		cmd.Args = usageArgs
	}
	return root
}

// usageArgs refuses arguments: everything is a flag.
func usageArgs(cmd *cobra.Command, args []string) error {
	if err := cobra.NoArgs(cmd, args); err != nil {
		return usageError(fmt.Errorf("%w; see %s --help", err, cmd.CommandPath()))
	}
	return nil
}

// names lists the commands that help shows.
func names(cmds []*cobra.Command) string {
	var out []string
	for _, cmd := range cmds {
		if !cmd.Hidden {
			out = append(out, cmd.CommandPath())
		}
	}
	return strings.Join(out, ", ")
}

// wrongUsage is an error of the command line, not of what it does.
type wrongUsage struct{ err error }

func (e *wrongUsage) Error() string { return e.err.Error() }
func (e *wrongUsage) Unwrap() error { return e.err }

func usageError(err error) error { return &wrongUsage{err} }

// finish prints err, line by line, and returns the exit code that it stands for.
func finish(stderr io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	for line := range strings.Lines(err.Error()) {
		// An error of stderr itself leaves nobody to tell.
		_, _ = fmt.Fprintf(stderr, "owlbench: %s\n", strings.TrimRight(line, "\n"))
	}
	var usage *wrongUsage
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailed
}

// logf tells a person how far a command is.
func (p *program) logf(format string, args ...any) {
	// An error of stderr itself leaves nobody to tell.
	_, _ = fmt.Fprintf(p.stderr, format+"\n", args...)
}
