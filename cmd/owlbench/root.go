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

	"owlcache/cmd/owlbench/internal/compare"
	"owlcache/cmd/owlbench/internal/crash"
	"owlcache/cmd/owlbench/internal/group"
	"owlcache/cmd/owlbench/internal/http"
	"owlcache/cmd/owlbench/internal/partition"
	"owlcache/cmd/owlbench/internal/report"
	"owlcache/cmd/owlbench/internal/slow"
	"owlcache/cmd/owlbench/internal/sync"
	"owlcache/cmd/owlbench/internal/tools"
)

// run is the whole program; it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := rootCommand(&report.Printer{Stdout: stdout, Stderr: stderr})
	root.SetArgs(append([]string{}, args...)) // never nil: cobra would take os.Args
	return report.Finish(stderr, root.ExecuteContext(ctx))
}

// rootCommand returns the command line with all its commands.
func rootCommand(out *report.Printer) *cobra.Command {
	root := &cobra.Command{
		Use:           "owlbench",
		Short:         "Measure owlcache, compare it with its peers, crash it",
		SilenceErrors: true, // run prints them
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var names []string
			for _, c := range cmd.Commands() {
				if !c.Hidden {
					names = append(names, c.CommandPath())
				}
			}
			return report.Usage(errors.New("say what to do: " + strings.Join(names, ", ")))
		},
	}
	root.SetOut(out.Stdout)
	root.SetErr(out.Stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return report.Usage(fmt.Errorf("%w; see %s --help", err, cmd.CommandPath()))
	})
	root.AddCommand(http.Command(out), compare.Command(out), crash.Command(out), tools.Command(out), group.Command(out),
		partition.Command(out), sync.Command(out), compare.TCPCommand(out), slow.Command(out), compare.BareCommand())
	for _, cmd := range append(root.Commands(), root) {
		cmd.Args = noArgs
	}
	return root
}

// noArgs refuses arguments: everything is a flag.
func noArgs(cmd *cobra.Command, args []string) error {
	if err := cobra.NoArgs(cmd, args); err != nil {
		return report.Usage(fmt.Errorf("%w; see %s --help", err, cmd.CommandPath()))
	}
	return nil
}
