package client

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/term"
)

func pingCommand(p *term.Process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ping [TEXT]",
		Short: "Ask a node for a sign of life",
		Args:  cobra.MaximumNArgs(1),
	}
	return Command(p, cmd, func(ctx context.Context, c *Client, args []string, out term.Output) error {
		var params []Param
		if len(args) == 1 {
			params = append(params, Param{"valuedata", args[0]})
		}
		start := time.Now()
		a, err := c.Ask(ctx, "ping", params...)
		if err != nil {
			return err
		}
		if err := a.Err(); err != nil {
			return err
		}
		if out.JSON() {
			return p.PrintJSON(struct {
				Addr    string  `json:"addr"`
				Answer  string  `json:"answer"`
				Seconds float64 `json:"seconds"`
			}{c.Host(), string(a.Body), time.Since(start).Seconds()})
		}
		return p.Println(string(a.Body))
	})
}
