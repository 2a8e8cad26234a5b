package client

import (
	"context"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/term"
)

func existCommand(p *term.Process) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "exist KEY",
		Aliases: []string{"exists"},
		Short:   "Tell by the exit code whether a key is there: 0 yes, 3 no",
		Args:    cobra.ExactArgs(1),
	}
	return Command(p, cmd, func(ctx context.Context, c *Client, args []string, out term.Output) error {
		a, err := c.Ask(ctx, "exist", Param{"key", args[0]})
		if err != nil {
			return err
		}
		return report(p, a, out)
	})
}
