package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/config"
	"owlcache/cmd/owlcache/internal/term"
)

// clientFlags are the flags that all client commands have.
type clientFlags struct {
	addr, passwordFile string
	timeout            time.Duration
	tls                tlsFlags
	config             config.Flags // only where the server keeps its password
	out                term.Output
}

// clientCommands returns the commands that talk to a running node.
func (p *program) clientCommands() []*cobra.Command {
	return []*cobra.Command{
		p.getCommand(), p.setCommand(), p.delCommand(), p.expireCommand(), p.existCommand(), p.pingCommand(), p.healthCommand(),
	}
}

// register adds to a command the flags that have nothing to do with the node's address.
func (f *clientFlags) register(cmd *cobra.Command, timeout time.Duration) {
	set := cmd.Flags()
	set.StringVar(&f.passwordFile, "password-file", "", "`file` with the password (default OWLCACHE_PASS, else, on the node's machine, its configuration and data directory)")
	set.DurationVar(&f.timeout, "timeout", timeout, "`time` that a request may take")
	f.tls.register(set, "")
	set.StringVar(&f.config.File, "config", "", "configuration `file` of the server (default owlcache.conf if it is there)")
	set.StringVar(&f.config.Dir, "dir", "", "data `directory` of the server (option DBfile)")
	f.out.Register(cmd)
}

// client returns a client of the node at addr; own tells that it is the one of the
// configuration.
func (f *clientFlags) client(addr string, own bool, env []string) (*client, error) {
	if f.timeout <= 0 {
		return nil, term.Usage(fmt.Errorf("flag --timeout %s: want a time above 0", f.timeout))
	}
	c, err := newClient(addr, f.timeout, nil)
	if err != nil {
		return nil, err
	}
	c.password = func() (string, error) {
		return clientPassword(f.passwordFile, own || c.local(), f.config, env)
	}
	return c, f.secure(c, own, env)
}

// secure lets c verify the node. own tells that it is the one of the configuration.
func (f *clientFlags) secure(c *client, own bool, env []string) error {
	certFile := ""
	if own && c.base.Scheme == "https" {
		server, err := config.Load(f.config, env)
		if err != nil {
			return err
		}
		certFile = server.Text("Https_CertFile")
	}
	return f.tls.secure(c, certFile, env)
}

// clientCommand completes cmd to one that runs do with a client.
func (p *program) clientCommand(cmd *cobra.Command, do func(ctx context.Context, c *client, args []string, out term.Output) error) *cobra.Command {
	var f clientFlags
	cmd.Flags().StringVar(&f.addr, "addr", "", "`address` of the node (default "+config.EnvAddr+", else Host and Httpport of the configuration)")
	f.register(cmd, 10*time.Second)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		addr, own, err := clientAddr(f.addr, f.config, p.Env)
		if err != nil {
			return err
		}
		c, err := f.client(addr, own, p.Env)
		if err != nil {
			return err
		}
		defer c.http.CloseIdleConnections()
		return do(cmd.Context(), c, args, f.out)
	}
	cmd.ValidArgsFunction = cobra.NoFileCompletions
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return term.Usage(fmt.Errorf("%w; see %s --help; what starts with - and is no flag goes behind --: owlcache %s", err, cmd.CommandPath(),
			strings.Replace(cmd.Use, " ", " -- ", 1)))
	})
	return cmd
}

// report prints the envelope of an answer for -o json, and nothing for people,
// and turns a refusal into an error.
func (p *program) report(a answer, out term.Output) error {
	if out.JSON() {
		e, err := a.envelope()
		if err != nil {
			return err
		}
		if err := p.printResult(e); err != nil {
			return err
		}
	}
	return a.err()
}

// printResult prints what an envelope says about a key.
func (p *program) printResult(e envelope) error {
	r := struct {
		Cmd     string     `json:"cmd"`
		Key     string     `json:"key"`
		Results string     `json:"results"`
		Created *time.Time `json:"created,omitempty"`
	}{Cmd: e.Cmd, Key: e.Key, Results: e.Results}
	if !e.KeyCreateTime.IsZero() {
		r.Created = &e.KeyCreateTime
	}
	return p.PrintJSON(r)
}
