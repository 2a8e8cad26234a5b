package client

import (
	"context"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/term"
)

func expireCommand(p *term.Process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "expire KEY TIME",
		Short: "Let a key expire after a time: 10s, 1h30m, 7d, or seconds; 0 = never",
		Args:  cobra.ExactArgs(2),
	}
	return Command(p, cmd, func(ctx context.Context, c *Client, args []string, out term.Output) error {
		exptime, err := parseTTL(args[1])
		if err != nil {
			return err
		}
		a, err := c.Write(ctx, "expire", Param{"key", args[0]}, Param{"exptime", exptime})
		if err != nil {
			return err
		}
		return report(p, a, out)
	})
}
