package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// httpFlags are the flags of owlbench http.
type httpFlags struct {
	siteFlags
	load         loadOptions
	mix          mix
	addr         string
	passwordFile string
	noPreload    bool
	sync         string
	format       format
}

func httpCommand(out *printer) *cobra.Command {
	f := httpFlags{mix: mixGet}
	cmd := &cobra.Command{
		Use:   "http",
		Short: "Put load on a node over HTTP",
		Long: "Put load on a node over HTTP/1.1 with keep-alive: each connection has one request under way,\n" +
			"for any of the keys. The keys are set first. Without --addr a node is started for it, on a CPU\n" +
			"of its own, and removed afterwards.",
		Example: "  owlbench http\n  owlbench http --op set --conns 128 --seconds 10\n  owlbench http --addr 127.0.0.1:7721 --password-file secret.txt --op mixed",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runHTTP(cmd.Context(), out, f)
		},
	}
	flags := cmd.Flags()
	f.load.register(flags)
	flags.Var(&f.mix, "op", "what is asked: get, set or mixed (nine gets to one set)")
	flags.StringVar(&f.addr, "addr", "", "`host:port` of a running node; empty starts one")
	flags.StringVar(&f.passwordFile, "password-file", "", "`file` with the password of the running node")
	flags.BoolVar(&f.noPreload, "no-preload", false, "take the keys as they are in the running node")
	f.siteFlags.register(flags, anyDir)
	flags.StringVar(&f.sync, "sync", "always", "WAL_Sync of the node that is started")
	f.format.register(flags)
	return cmd
}

func runHTTP(ctx context.Context, out *printer, f httpFlags) (err error) {
	if f.load, err = f.load.withDefaults(); err != nil {
		return err
	}
	if f.addr != "" {
		return measureRunning(ctx, out, f)
	}
	if f.noPreload {
		return usageError(errors.New("--no-preload needs --addr"))
	}
	s, err := f.open(ctx)
	if err != nil {
		return err
	}
	defer s.remove()
	o := s.node("node", s.cpus.server)
	o.Settings = []string{"WAL_Sync=" + f.sync}
	n, err := startReadyNode(ctx, o)
	if err != nil {
		return err
	}
	err = measureHTTP(ctx, out, f, n.target(f.load), s.cpus.load)
	return errors.Join(err, n.terminate(stopPatience))
}

// measureRunning measures a node that runs already. On which CPU it runs is not ours to
// know.
func measureRunning(ctx context.Context, out *printer, f httpFlags) (err error) {
	token := ""
	if f.mix != mixGet || !f.noPreload {
		if token, err = loginFromFile(ctx, f.addr, f.passwordFile); err != nil {
			return err
		}
	}
	return measureHTTP(ctx, out, f, owlcacheTarget(f.addr, token, f.load), noCPU)
}

// loginFromFile logs in with the password in a file.
func loginFromFile(ctx context.Context, addr, file string) (string, error) {
	if file == "" {
		return "", usageError(errors.New("setting keys needs --password-file"))
	}
	password, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("--password-file: %w", err)
	}
	return login(ctx, addr, strings.TrimRight(string(password), "\r\n"))
}

// measureHTTP sets the keys, measures all rounds, and prints the report.
func measureHTTP(ctx context.Context, out *printer, f httpFlags, t target, cpu int) error {
	if !f.noPreload {
		out.logf("setting %d keys", t.keys)
		if err := preload(ctx, &t); err != nil {
			return err
		}
	}
	report := httpReport{Op: f.mix.String(), Load: f.load}
	for round := range f.load.Rounds {
		s, err := measure(ctx, &t, f.mix, f.load, cpu, uint64(round))
		if err != nil {
			return err
		}
		out.logf("round %d: %.0f/s", round+1, s.rate())
		report.add(s)
	}
	report.finish()
	return f.format.print(out.stdout, &report)
}
