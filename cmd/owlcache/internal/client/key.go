package client

import (
	"context"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/term"
)

// keyCommands returns the commands that send a key, and at most a time, and answer without a value.
func keyCommands(p *term.Process) (list []*cobra.Command) {
	for _, k := range []struct {
		use, alias, short string
		args              int
		cmd               string // as the node knows it
		token             bool   // the node wants one
	}{
		{"del KEY", "delete", "Delete a key", 1, "delete", true},
		{"expire KEY TIME", "", "Let a key expire after a time: 10s, 1h30m, 7d, or seconds; 0 = never", 2, "expire", true},
		{"exist KEY", "exists", "Tell by the exit code whether a key is there: 0 yes, 3 no", 1, "exist", false},
	} {
		cmd := &cobra.Command{Use: k.use, Short: k.short, Args: cobra.ExactArgs(k.args)}
		if k.alias != "" {
			cmd.Aliases = []string{k.alias}
		}
		list = append(list, Command(p, cmd, func(ctx context.Context, c *Client, args []string, out term.Output) error {
			params := []Param{{"key", args[0]}}
			if k.args == 2 {
				exptime, err := parseTTL(args[1])
				if err != nil {
					return err
				}
				params = append(params, Param{"exptime", exptime})
			}
			send := c.Ask
			if k.token {
				send = c.Write
			}
			a, err := send(ctx, k.cmd, params...)
			if err != nil {
				return err
			}
			return report(p, a, out)
		}))
	}
	return list
}
