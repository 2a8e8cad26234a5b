package client

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/term"
)

func getCommand(p *term.Process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "get KEY",
		Short: "Write the value of a key to the standard output, byte for byte",
		Args:  cobra.ExactArgs(1),
	}
	return Command(p, cmd, func(ctx context.Context, c *Client, args []string, out term.Output) error {
		a, err := c.Ask(ctx, "get", Param{"key", args[0]})
		if err != nil {
			return err
		}
		if out.JSON() && (a.Status == http.StatusOK || a.Status == http.StatusNotFound) {
			if err := printValue(p, args[0], a); err != nil {
				return err
			}
			return a.Err()
		}
		if err := a.Err(); err != nil {
			return err
		}
		_, err = p.Stdout.Write(a.Body)
		return err
	})
}

// printValue prints a key, whether it was found, and what of it.
func printValue(p *term.Process, key string, a Answer) error {
	r := struct {
		Key     string    `json:"key"`
		Found   bool      `json:"found"`
		Value   *[]byte   `json:"value,omitempty"` // base64
		Created time.Time `json:"created,omitzero"`
	}{Key: key, Found: a.Status == http.StatusOK}
	if r.Found {
		r.Value = &a.Body
		header, _, _ := strings.Cut(a.Header.Get("Keycreatetime"), " m=")           // of a node before 0.6
		created, _ := time.Parse("2006-01-02 15:04:05.999999999 -0700 MST", header) // left out if the answer does not say it
		r.Created = created.UTC()
	}
	return p.PrintJSON(r)
}
