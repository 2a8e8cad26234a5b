package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
)

// compareGet measures reads against a bare HTTP server with a map behind it.
func (c *comparison) compareGet(ctx context.Context) error {
	n, owl, err := c.startNode(ctx, c.cpus.server)
	if err != nil {
		return err
	}
	defer n.kill()
	peer, bare, err := c.startBare(ctx)
	if err != nil {
		return err
	}
	defer peer.kill()
	d, err := c.fight(ctx, mixGet, &owl, &bare)
	if err != nil {
		return err
	}
	c.rows = append(c.rows, newRow("get", "bare fasthttp and a map", "per second", d.a, d.b, 0.85, false))
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
	t := owlcacheTarget(loopback(port), "", c.load)
	t.name = "bare"
	o := processOptions{
		Name: "bare", Path: self, Dir: c.dir, CPU: c.cpus.server,
		Args: []string{"bare", "--addr", t.addr, "--keys", strconv.FormatUint(c.load.Keys, 10), "--value", strconv.Itoa(c.load.Value)},
	}
	if o.CPU != noCPU {
		o.Env = []string{"GOMAXPROCS=1"}
	}
	p, err := startProcess(o)
	if err != nil {
		return nil, target{}, err
	}
	if err := p.waitReady(ctx, startPatience, func() error { return askBare(ctx, t.addr) }); err != nil {
		p.kill()
		return nil, target{}, err
	}
	return p, t, nil
}

// askBare returns nil when the bare server answers.
func askBare(ctx context.Context, addr string) error {
	resp, err := ask(ctx, addr, parseResponse, httpGet("/data/?cmd=get&key="+keyName(0)))
	if err == nil && resp.status != 200 {
		err = fmt.Errorf("answers %d", resp.status)
	}
	return err
}
