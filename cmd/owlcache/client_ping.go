package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/term"
)

func (p *program) pingCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ping [TEXT]",
		Short: "Ask a node for a sign of life",
		Args:  cobra.MaximumNArgs(1),
	}
	return p.clientCommand(cmd, func(ctx context.Context, c *client, args []string, out term.Output) error {
		var params []param
		if len(args) == 1 {
			params = append(params, param{"valuedata", args[0]})
		}
		start := time.Now()
		a, err := c.ask(ctx, "ping", params...)
		if err != nil {
			return err
		}
		if err := a.err(); err != nil {
			return err
		}
		if out.JSON() {
			return p.PrintJSON(struct {
				Addr    string  `json:"addr"`
				Answer  string  `json:"answer"`
				Seconds float64 `json:"seconds"`
			}{c.base.Host, string(a.body), time.Since(start).Seconds()})
		}
		return p.Println(string(a.body))
	})
}
