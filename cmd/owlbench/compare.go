package main

import (
	"context"
	"fmt"
)

// comparison is a run of owlbench compare. Its parts use one data directory
// with all keys, and clean up the servers that they start.
type comparison struct {
	*site
	results
	generator
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
	if c.cpus.server == noCPU {
		c.note("there are no two CPUs to choose from: servers and load generator share what there is")
	}
	for _, part := range parts() {
		if !wants(only, part.name) {
			continue
		}
		c.logf("%s", part.name)
		if err := part.run(c, ctx); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

// startNode starts a node on the directory of all keys, which it fills first
// if no part did before. The log stays unfolded.
func (c *comparison) startNode(ctx context.Context, settings ...string) (*node, target, error) {
	if err := c.fill(ctx); err != nil {
		return nil, target{}, err
	}
	n, err := startReadyNode(ctx, c.node(nodeName, c.cpus.server, settings...))
	if err != nil {
		return nil, target{}, err
	}
	return n, n.target(c.loadOptions), nil
}

// fill sets all keys in the data directory, once.
func (c *comparison) fill(ctx context.Context) error {
	if c.filled {
		return nil
	}
	c.logf("setting %d keys in owlcache", c.Keys)
	n, err := startFilledNode(ctx, c.node(nodeName, noCPU, "WAL_Sync=no"), c.loadOptions)
	if err != nil {
		return err
	}
	c.filled = true
	return n.terminate(stopPatience)
}

// against measures requests to a node and to a peer, in turns, and adds the row.
func (c *comparison) against(ctx context.Context, m mix, what, peer string, goal float64, owl, other *target) error {
	a, b, err := c.alternate(ctx, m, owl, other)
	if err == nil {
		c.add(newRow(what, peer, "per second", a, b, goal, false))
	}
	return err
}
