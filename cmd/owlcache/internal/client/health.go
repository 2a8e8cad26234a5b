package client

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/term"
)

func healthCommand(p *term.Process) *cobra.Command {
	var live, sync bool
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Ask a node whether it takes reads and writes",
		Long: `Health asks a node for /readyz and prints what it says. For the probes of service managers and
containers, which have no HTTP client.

Exit code 0: it does. 6: it does not, as while it loads, or nothing answers.`,
		Args: cobra.NoArgs,
	}
	cmd = Command(p, cmd, func(ctx context.Context, c *Client, _ []string, out term.Output) error {
		return health(ctx, p, c, live, sync, out)
	})
	cmd.Flags().BoolVar(&live, "live", false, "ask for /livez: only whether the process answers, also while it loads")
	cmd.Flags().BoolVar(&sync, "sync", false, "with data sync, also want its data to have agreed with another node's")
	return cmd
}

func health(ctx context.Context, p *term.Process, c *Client, live, sync bool, out term.Output) error {
	if live && sync {
		return term.Usage(errors.New("--live and --sync: ask for one of them"))
	}
	target := c.Path("readyz")
	switch {
	case live:
		target = c.Path("livez")
	case sync:
		target.RawQuery = url.Values{"sync": {"1"}}.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return err
	}
	a, err := c.Do(req)
	if err != nil {
		return err
	}
	if a.Status == http.StatusNotFound || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/plain") {
		return c.Foreign(a)
	}
	healthy := a.Status == http.StatusOK
	said := term.Printable(strings.TrimSpace(string(a.Body[:min(len(a.Body), 300)])))
	if out.JSON() {
		err = p.PrintJSON(struct {
			Addr    string `json:"addr"`
			Healthy bool   `json:"healthy"`
			Answer  string `json:"answer"`
		}{c.Host(), healthy, said})
	} else if healthy {
		err = p.Println(said)
	}
	if err != nil || healthy {
		return err
	}
	return a.Err()
}
