package compare

import (
	"context"
	"os"
	"strconv"

	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/node"
)

// compareGet measures reads against a bare HTTP server with a map behind it.
func (c *comparison) compareGet(ctx context.Context) error {
	n, owl, err := c.startNode(ctx)
	if err != nil {
		return err
	}
	defer n.Kill()
	peer, bare, err := c.startBare(ctx)
	if err != nil {
		return err
	}
	defer peer.Kill()
	if err := c.against(ctx, load.Get, "get", "bare fasthttp and a map", 0.85, &owl, &bare); err != nil {
		return err
	}
	return n.Terminate(node.StopPatience)
}

// startBare starts owlbench bare on the CPU of servers.
func (c *comparison) startBare(ctx context.Context) (*node.Process, load.Target, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, load.Target{}, err
	}
	port, err := node.FreePort()
	if err != nil {
		return nil, load.Target{}, err
	}
	t := load.HTTPTarget(node.Loopback(port), "", c.Options)
	t.Name = "bare"
	p, err := node.StartServer(ctx, node.ProcessOptions{
		Name: "bare", Path: self, Dir: c.Dir, CPU: c.CPUs.Server, Go: true,
		Args: []string{"bare", "--addr", t.Addr, "--keys", strconv.FormatUint(c.Keys, 10), "--value", strconv.Itoa(c.Value)},
	}, func() error { return load.AskOK(ctx, t.Addr, "/data/?cmd=get&key="+load.KeyName(0)) })
	return p, t, err
}
