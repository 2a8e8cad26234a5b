package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/spf13/cobra"
)

func (p *program) pingCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ping [TEXT]",
		Short: "Ask a node for a sign of life",
		Args:  cobra.MaximumNArgs(1),
	}
	return p.clientCommand(cmd, func(ctx context.Context, c *client, args []string, out output) error {
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
		if out.json() {
			return json.NewEncoder(p.stdout).Encode(struct {
				Addr    string  `json:"addr"`
				Answer  string  `json:"answer"`
				Seconds float64 `json:"seconds"`
			}{c.base.Host, string(a.body), time.Since(start).Seconds()})
		}
		return p.println(string(a.body))
	})
}
