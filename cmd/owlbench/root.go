package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// run is the whole program; it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := rootCommand(&printer{stdout: stdout, stderr: stderr})
	root.SetArgs(append([]string{}, args...)) // never nil: cobra would take os.Args
	return finish(stderr, root.ExecuteContext(ctx))
}

// rootCommand returns the command line with all its commands.
func rootCommand(out *printer) *cobra.Command {
	root := &cobra.Command{
		Use:           "owlbench",
		Short:         "Measure owlcache, compare it with its peers, crash it",
		SilenceErrors: true, // run prints them
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usageError(errors.New("say what to do: " + names(cmd.Commands())))
		},
	}
	root.SetOut(out.stdout)
	root.SetErr(out.stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError(fmt.Errorf("%w; see %s --help", err, cmd.CommandPath()))
	})
	root.AddCommand(httpCommand(out), compareCommand(out), crashCommand(out), toolsCommand(out), groupCommand(out),
		partitionCommand(out), syncCommand(out), tcpCommand(out), slowCommand(out), bareCommand())
	for _, cmd := range append(root.Commands(), root) {
		cmd.Args = noArgs
	}
	return root
}

// noArgs refuses arguments: everything is a flag.
func noArgs(cmd *cobra.Command, args []string) error {
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
