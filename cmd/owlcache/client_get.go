package main

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/term"
)

func (p *program) getCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "get KEY",
		Short: "Write the value of a key to the standard output, byte for byte",
		Args:  cobra.ExactArgs(1),
	}
	return p.clientCommand(cmd, func(ctx context.Context, c *client, args []string, out term.Output) error {
		a, err := c.ask(ctx, "get", param{"key", args[0]})
		if err != nil {
			return err
		}
		if out.JSON() && (a.status == http.StatusOK || a.status == http.StatusNotFound) {
			if err := p.printValue(args[0], a); err != nil {
				return err
			}
			return a.err()
		}
		if err := a.err(); err != nil {
			return err
		}
		_, err = p.Stdout.Write(a.body)
		return err
	})
}

// printValue prints a key, whether it was found, and what of it.
func (p *program) printValue(key string, a answer) error {
	r := struct {
		Key     string     `json:"key"`
		Found   bool       `json:"found"`
		Value   *[]byte    `json:"value,omitempty"` // base64
		Created *time.Time `json:"created,omitempty"`
	}{Key: key, Found: a.status == http.StatusOK}
	if r.Found {
		r.Value, r.Created = &a.body, a.created()
	}
	return p.PrintJSON(r)
}

// created returns when the key was set, nil if the answer does not say so.
func (a answer) created() *time.Time {
	header, _, _ := strings.Cut(a.header.Get("Keycreatetime"), " m=") // of a node before 0.6
	t, err := time.Parse("2006-01-02 15:04:05.999999999 -0700 MST", header)
	if err != nil || t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
