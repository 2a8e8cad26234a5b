package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/term"
)

// healthFlags say what makes a node healthy.
type healthFlags struct {
	live, sync bool
}

func (p *program) healthCommand() *cobra.Command {
	var f healthFlags
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Ask a node whether it takes reads and writes",
		Long: `Health asks a node for /readyz and prints what it says. For the probes of service managers and
containers, which have no HTTP client.

Exit code 0: it does. 6: it does not, as while it loads, or nothing answers.`,
		Args: cobra.NoArgs,
	}
	cmd = p.clientCommand(cmd, func(ctx context.Context, c *client, _ []string, out term.Output) error {
		return p.health(ctx, c, f, out)
	})
	cmd.Flags().BoolVar(&f.live, "live", false, "ask for /livez: only whether the process answers, also while it loads")
	cmd.Flags().BoolVar(&f.sync, "sync", false, "with data sync, also want its data to have agreed with another node's")
	return cmd
}

func (p *program) health(ctx context.Context, c *client, f healthFlags, out term.Output) error {
	if f.live && f.sync {
		return term.Usage(errors.New("--live and --sync: ask for one of them"))
	}
	target := c.path("readyz")
	switch {
	case f.live:
		target = c.path("livez")
	case f.sync:
		target.RawQuery = url.Values{"sync": {"1"}}.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return err
	}
	a, err := c.do(req)
	if err != nil {
		return err
	}
	if a.status == http.StatusNotFound || !strings.HasPrefix(a.header.Get("Content-Type"), "text/plain") {
		return c.strange(a)
	}
	healthy := a.status == http.StatusOK
	said := term.Printable(strings.TrimSpace(string(a.body[:min(len(a.body), 300)])))
	if out.JSON() {
		err = p.PrintJSON(struct {
			Addr    string `json:"addr"`
			Healthy bool   `json:"healthy"`
			Answer  string `json:"answer"`
		}{c.base.Host, healthy, said})
	} else if healthy {
		err = p.Println(said)
	}
	if err != nil || healthy {
		return err
	}
	return a.err()
}
