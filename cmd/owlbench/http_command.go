package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

// httpFlags are the flags of owlbench http.
type httpFlags struct {
	load         loadOptions
	mix          mix
	addr         string
	passwordFile string
	noPreload    bool
	owlcache     string
	dir          string
	sync         string
	output       output
}

func (p *program) httpCommand() *cobra.Command {
	f := httpFlags{mix: mixGet}
	cmd := &cobra.Command{
		Use:   "http",
		Short: "Put load on a node over HTTP",
		Long: "Put load on a node over HTTP/1.1 with keep-alive: each connection has one request under way,\n" +
			"for any of the keys. The keys are set first. Without --addr a node is started for it, on a CPU\n" +
			"of its own, and removed afterwards.",
		Example: "  owlbench http\n  owlbench http --op set --conns 128 --seconds 10\n  owlbench http --addr 127.0.0.1:7721 --password-file secret.txt --op mixed",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.benchHTTP(cmd.Context(), f)
		},
	}
	flags := cmd.Flags()
	f.load.register(flags)
	flags.Var(&f.mix, "op", "what is asked: get, set or mixed (nine gets to one set)")
	flags.StringVar(&f.addr, "addr", "", "`host:port` of a running node; empty starts one")
	flags.StringVar(&f.passwordFile, "password-file", "", "`file` with the password of the running node")
	flags.BoolVar(&f.noPreload, "no-preload", false, "take the keys as they are in the running node")
	flags.StringVar(&f.owlcache, "owlcache", "", "`program` to start; empty builds that of the checkout, else takes that of the search path")
	flags.StringVar(&f.dir, "dir", "", "`directory` for temporary files")
	flags.StringVar(&f.sync, "sync", "always", "WAL_Sync of the node that is started")
	f.output.register(cmd)
	return cmd
}

// benchHTTP is owlbench http.
func (p *program) benchHTTP(ctx context.Context, f httpFlags) (err error) {
	if f.load, err = f.load.withDefaults(); err != nil {
		return err
	}
	if f.addr == "" && f.noPreload {
		return usageError(errors.New("--no-preload needs --addr"))
	}
	cpus := choosePins()
	t, stop, err := p.httpTarget(ctx, f, cpus)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	if !f.noPreload {
		p.logf("setting %d keys", t.keys)
		if err := preload(ctx, &t); err != nil {
			return err
		}
	}
	if f.addr != "" {
		cpus.load = noCPU // where the node runs is not ours to know
	}
	report := httpReport{Op: f.mix.String(), Load: f.load}
	for round := range f.load.Rounds {
		s, err := measure(ctx, &t, f.mix, f.load, cpus.load, uint64(round))
		if err != nil {
			return err
		}
		p.logf("round %d: %.0f/s", round+1, s.rate())
		report.add(s)
	}
	report.finish()
	return f.output.print(p.stdout, &report)
}

// httpTarget returns the node under load and what stops it, if it was started
// for this.
func (p *program) httpTarget(ctx context.Context, f httpFlags, cpus pins) (target, func() error, error) {
	if f.addr != "" {
		token := ""
		if f.mix != mixGet || !f.noPreload {
			var err error
			if token, err = loginFromFile(ctx, f.addr, f.passwordFile); err != nil {
				return target{}, nil, err
			}
		}
		return owlcacheTarget(f.addr, token, f.load), func() error { return nil }, nil
	}
	dir, remove, err := scratch(f.dir)
	if err != nil {
		return target{}, nil, err
	}
	n, t, err := p.startTarget(ctx, f, dir, cpus.server)
	if err != nil {
		remove()
		return target{}, nil, err
	}
	stop := func() error {
		defer remove()
		return n.terminate(stopPatience)
	}
	return t, stop, nil
}

// startTarget starts a node with its files in dir.
func (p *program) startTarget(ctx context.Context, f httpFlags, dir string, cpu int) (*node, target, error) {
	path, err := findOwlcache(ctx, f.owlcache, dir)
	if err != nil {
		return nil, target{}, err
	}
	o := nodeOptions{
		Program: path, Dir: filepath.Join(dir, "node"), Password: newPassword(),
		Settings: []string{"WAL_Sync=" + f.sync}, CPU: cpu,
	}
	n, err := startReadyNode(ctx, o)
	if err != nil {
		return nil, target{}, err
	}
	token, err := login(ctx, n.addr, o.Password)
	if err != nil {
		n.kill()
		return nil, target{}, err
	}
	return n, owlcacheTarget(n.addr, token, f.load), nil
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
