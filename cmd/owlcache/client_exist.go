package main

import (
	"context"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/term"
)

func (p *program) existCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "exist KEY",
		Aliases: []string{"exists"},
		Short:   "Tell by the exit code whether a key is there: 0 yes, 3 no",
		Args:    cobra.ExactArgs(1),
	}
	return p.clientCommand(cmd, func(ctx context.Context, c *client, args []string, out term.Output) error {
		a, err := c.ask(ctx, "exist", param{"key", args[0]})
		if err != nil {
			return err
		}
		return p.report(a, out)
	})
}
