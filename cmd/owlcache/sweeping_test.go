package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/config"
	"owlcache/cmd/owlcache/internal/logs"
	"owlcache/cmd/owlcache/internal/node"
	"owlcache/cmd/owlcache/internal/term"
)

// sweepingProgram is the name of the program whose node sweeps each second, where the
// configuration has whole minutes.
const sweepingProgram = "owlcache-sweeping"

// sweeping is its main.
func sweeping() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	var flags config.Flags
	cmd := &cobra.Command{Use: sweepingProgram, Args: cobra.ExactArgs(1), SilenceErrors: true, SilenceUsage: true, RunE: func(*cobra.Command, []string) error {
		c, err := config.Load(flags, os.Environ())
		if err != nil {
			return err
		}
		c.Tasks.Sweep = time.Second
		l, err := logs.Open(c, nil, os.Stderr)
		if err != nil {
			return err
		}
		return node.New(c, l, os.Stderr).Run(ctx)
	}}
	flags.Register(cmd)
	code := term.Finish(os.Stderr, cmd.ExecuteContext(ctx))
	stop()
	os.Exit(code)
}
