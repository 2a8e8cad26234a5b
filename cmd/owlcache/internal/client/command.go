package client

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/config"
	"owlcache/cmd/owlcache/internal/term"
)

// Flags are the flags that all client commands have.
type Flags struct {
	Addr, PasswordFile string
	Timeout            time.Duration
	TLS                TLSFlags
	Config             config.Flags // only where the server keeps its password
	Out                term.Output
}

// Commands returns the commands that talk to a running node.
func Commands(p *term.Process) []*cobra.Command {
	return append(keyCommands(p), getCommand(p), setCommand(p), pingCommand(p), healthCommand(p))
}

// Register adds to a command the flags that have nothing to do with the node's address.
func (f *Flags) Register(cmd *cobra.Command, timeout time.Duration) {
	set := cmd.Flags()
	set.StringVar(&f.PasswordFile, "password-file", "", "`file` with the password (default OWLCACHE_PASS, else, on the node's machine, its configuration and data directory)")
	set.DurationVar(&f.Timeout, "timeout", timeout, "`time` that a request may take")
	f.TLS.Register(set, "")
	set.StringVar(&f.Config.File, "config", "", "configuration `file` of the server (default owlcache.conf if it is there)")
	set.StringVar(&f.Config.Dir, "dir", "", "data `directory` of the server (option DBfile)")
	f.Out.Register(cmd)
}

// Client returns a client of the node at addr; own tells that it is the one of the configuration.
func (f *Flags) Client(addr string, own bool, env []string) (*Client, error) {
	if f.Timeout <= 0 {
		return nil, term.Usage(fmt.Errorf("flag --timeout %s: want a time above 0", f.Timeout))
	}
	c, err := New(addr, f.Timeout, nil)
	if err != nil {
		return nil, err
	}
	c.password = func() (string, error) {
		return findPassword(f.PasswordFile, own || c.local(), f.Config, env)
	}
	certFile := ""
	if own && c.base.Scheme == "https" {
		server, err := config.Load(f.Config, env)
		if err != nil {
			return nil, err
		}
		certFile = server.HTTPS.CertFile
	}
	return c, f.TLS.secure(c, certFile, env)
}

// Command completes cmd to one that runs do with a client.
func Command(p *term.Process, cmd *cobra.Command, do func(ctx context.Context, c *Client, args []string, out term.Output) error) *cobra.Command {
	var f Flags
	cmd.Flags().StringVar(&f.Addr, "addr", "", "`address` of the node (default "+config.EnvAddr+", else Host and Httpport of the configuration)")
	f.Register(cmd, 10*time.Second)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		addr, own, err := findAddress(f.Addr, f.Config, p.Env)
		if err != nil {
			return err
		}
		c, err := f.Client(addr, own, p.Env)
		if err != nil {
			return err
		}
		defer c.Close()
		return do(cmd.Context(), c, args, f.Out)
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
func report(p *term.Process, a Answer, out term.Output) error {
	if !out.JSON() {
		return a.Err()
	}
	e, err := a.Envelope()
	if err != nil {
		return err
	}
	err = p.PrintJSON(struct {
		Cmd     string    `json:"cmd"`
		Key     string    `json:"key"`
		Results string    `json:"results"`
		Created time.Time `json:"created,omitzero"`
	}{e.Cmd, e.Key, e.Results, e.KeyCreateTime})
	if err != nil {
		return err
	}
	return a.Err()
}
