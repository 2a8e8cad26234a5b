package client

import (
	"context"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/term"
)

func delCommand(p *term.Process) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "del KEY",
		Aliases: []string{"delete"},
		Short:   "Delete a key",
		Args:    cobra.ExactArgs(1),
	}
	return Command(p, cmd, func(ctx context.Context, c *Client, args []string, out term.Output) error {
		a, err := c.Write(ctx, "delete", Param{"key", args[0]})
		if err != nil {
			return err
		}
		return report(p, a, out)
	})
}
