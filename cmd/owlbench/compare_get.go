package main

import (
	"context"
	"os"
	"strconv"
)

// compareGet measures reads against a bare HTTP server with a map behind it.
func (c *comparison) compareGet(ctx context.Context) error {
	n, owl, err := c.startNode(ctx)
	if err != nil {
		return err
	}
	defer n.kill()
	peer, bare, err := c.startBare(ctx)
	if err != nil {
		return err
	}
	defer peer.kill()
	if err := c.against(ctx, mixGet, "get", "bare fasthttp and a map", 0.85, &owl, &bare); err != nil {
		return err
	}
	return n.terminate(stopPatience)
}

// startBare starts owlbench bare on the CPU of servers.
func (c *comparison) startBare(ctx context.Context) (*process, target, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, target{}, err
	}
	port, err := freePort()
	if err != nil {
		return nil, target{}, err
	}
	t := owlcacheTarget(loopback(port), "", c.loadOptions)
	t.name = "bare"
	p, err := startReady(ctx, processOptions{
		Name: "bare", Path: self, Dir: c.dir, CPU: c.cpus.server, Go: true,
		Args: []string{"bare", "--addr", t.addr, "--keys", strconv.FormatUint(c.Keys, 10), "--value", strconv.Itoa(c.Value)},
	}, func() error { return askOK(ctx, t.addr, "/data/?cmd=get&key="+keyName(0)) })
	return p, t, err
}
