package node

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/config"
	"owlcache/cmd/owlcache/internal/logs"
	"owlcache/cmd/owlcache/internal/term"
)

// Command returns the command that runs a node.
func Command(p *term.Process) *cobra.Command {
	var flags config.Flags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run a node (the same as no command)",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return Serve(cmd.Context(), p, flags)
		},
	}
	flags.Register(cmd)
	return cmd
}

// Serve runs a node until it is told to stop.
func Serve(ctx context.Context, p *term.Process, flags config.Flags) (err error) {
	c, err := config.Load(flags, p.Env)
	if err != nil {
		return err
	}
	l, err := logs.Open(c, p.Env, p.Stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	restore := logs.DivertStandard(l.Logger)
	defer restore()

	// Who reads the standard error may go away; that is no reason to stop.
	signal.Ignore(syscall.SIGPIPE)
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	srv := New(c, l, p.Stderr)
	return supervise(ctx, srv.Run, srv.Reload, l, signals)
}

// supervise runs a server and obeys signals: SIGHUP starts a new log file and calls reload, the
// first SIGINT or SIGTERM ends the context of the server, which then stops in good order, the
// second one does not wait for that. It loses nothing that was acknowledged; it only leaves
// requests unanswered and the next start a longer log to read.
func supervise(ctx context.Context, server func(context.Context) error, reload func(), l *logs.Logs, signals <-chan os.Signal) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- server(ctx) }()
	for stopping := false; ; {
		select {
		case err := <-done:
			return err
		case sig := <-signals:
			switch {
			case sig == syscall.SIGHUP:
				if err := l.Rotate(); err != nil {
					l.Error("cannot start a new log file", "error", err)
				}
				reload()
			case stopping:
				return term.Exit(term.CodeInterrupted, errors.New("stopped at once by a second signal; the log in the data directory holds everything that was acknowledged"))
			default:
				stopping = true
				l.Info("stopping", "signal", sig.String())
				cancel()
			}
		}
	}
}
