package main

import (
	"context"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/term"
)

func (p *program) expireCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "expire KEY TIME",
		Short: "Let a key expire after a time: 10s, 1h30m, 7d, or seconds; 0 = never",
		Args:  cobra.ExactArgs(2),
	}
	return p.clientCommand(cmd, func(ctx context.Context, c *client, args []string, out term.Output) error {
		exptime, err := parseTTL(args[1])
		if err != nil {
			return err
		}
		a, err := c.write(ctx, "expire", param{"key", args[0]}, param{"exptime", exptime})
		if err != nil {
			return err
		}
		return p.report(a, out)
	})
}
