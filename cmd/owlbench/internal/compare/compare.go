package compare

import (
	"context"
	"fmt"

	"owlcache/cmd/owlbench/internal/cpu"
	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/node"
	"owlcache/cmd/owlbench/internal/report"
)

// comparison is a run of owlbench compare. Its parts use one data directory
// with all keys, and clean up the servers that they start.
type comparison struct {
	*node.Site
	report.Results
	load.Generator
	filled bool // the data directory holds all keys
}

// nodeName is the name of the data directory.
const nodeName = "node"

// A part is one comparison.
type part struct {
	name string
	run  func(*comparison, context.Context) error
}

// parts returns all comparisons, in an order in which each leaves the data
// directory as the next wants it.
func parts() []part {
	return []part{
		{"get", (*comparison).compareGet},
		{"restart", (*comparison).compareRestart},
		{"set", (*comparison).compareSet},
		{"more", (*comparison).compareMore},
	}
}

func partNames() []string {
	var names []string
	for _, p := range parts() {
		names = append(names, p.name)
	}
	return names
}

// run does the parts that are asked for, all if only is empty.
func (c *comparison) run(ctx context.Context, only []string) error {
	if c.CPUs.Server == cpu.Any {
		c.Note("there are no two CPUs to choose from: servers and load generator share what there is")
	}
	for _, part := range parts() {
		if !report.Wants(only, part.name) {
			continue
		}
		c.Logf("%s", part.name)
		if err := part.run(c, ctx); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

// startNode starts a node on the directory of all keys, which it fills first
// if no part did before. The log stays unfolded.
func (c *comparison) startNode(ctx context.Context, settings ...string) (*node.Node, load.Target, error) {
	if err := c.fill(ctx); err != nil {
		return nil, load.Target{}, err
	}
	n, err := node.StartReady(ctx, c.NodeOptions(nodeName, c.CPUs.Server, settings...))
	if err != nil {
		return nil, load.Target{}, err
	}
	return n, n.Target(c.Options), nil
}

// fill sets all keys in the data directory, once.
func (c *comparison) fill(ctx context.Context) error {
	if c.filled {
		return nil
	}
	c.Logf("setting %d keys in owlcache", c.Keys)
	n, err := node.StartFilled(ctx, c.NodeOptions(nodeName, cpu.Any, "WAL_Sync=no"), c.Options)
	if err != nil {
		return err
	}
	c.filled = true
	return n.Terminate(node.StopPatience)
}

// against measures requests to a node and to a peer, in turns, and adds the row.
func (c *comparison) against(ctx context.Context, m load.Op, what, peer string, goal float64, owl, other *load.Target) error {
	a, b, err := c.Alternate(ctx, m, owl, other)
	if err == nil {
		c.Add(report.NewRow(what, peer, "per second", a, b, goal, false))
	}
	return err
}
