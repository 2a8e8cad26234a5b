// Package client talks to a running node over HTTP, and has the commands that do little more: get,
// set, del, expire, exist, ping and health.
//
//	root.AddCommand(client.Commands(p)...)
//
// Other commands that need a node build on it:
//
//	cmd = client.Command(p, cmd, func(ctx context.Context, c *client.Client, args []string, out term.Output) error {
//		a, err := c.Ask(ctx, "get", client.Param{Name: "key", Value: args[0]})
//		…                                           // a.Err() has the exit code for what the node says
//	})
//
// A command that needs a token logs in with the password once (Client.Write); a Session keeps the
// token and replaces one that has expired. Passwords and keys travel in bodies only, never to a
// proxy or behind a redirect. The address and the password of a node on this machine come from its
// configuration, if no flag says them (address.go); its certificate too (tls.go).
package client
