package main

import (
	"context"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/term"
)

func (p *program) delCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "del KEY",
		Aliases: []string{"delete"},
		Short:   "Delete a key",
		Args:    cobra.ExactArgs(1),
	}
	return p.clientCommand(cmd, func(ctx context.Context, c *client, args []string, out term.Output) error {
		a, err := c.write(ctx, "delete", param{"key", args[0]})
		if err != nil {
			return err
		}
		return p.report(a, out)
	})
}
