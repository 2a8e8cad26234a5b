package main

import (
	"context"
	"encoding/json"

	"github.com/spf13/cobra"
)

func (p *program) getCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "get KEY",
		Short: "Write the value of a key to the standard output, byte for byte",
		Args:  cobra.ExactArgs(1),
	}
	return p.clientCommand(cmd, func(ctx context.Context, c *client, args []string, out output) error {
		a, err := c.ask(ctx, "get", param{"key", args[0]})
		if err != nil {
			return err
		}
		if err := a.err(); err != nil {
			return err
		}
		if out.json() {
			return json.NewEncoder(p.stdout).Encode(struct {
				Key     string `json:"key"`
				Value   []byte `json:"value"` // base64
				Created string `json:"created"`
			}{args[0], a.body, a.header.Get("Keycreatetime")})
		}
		_, err = p.stdout.Write(a.body)
		return err
	})
}
