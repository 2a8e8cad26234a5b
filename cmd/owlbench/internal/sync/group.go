package sync

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"owlcache/cmd/owlbench/internal/cpu"
	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/node"
)

const groupSize = 3

// nodeGroup is a group of nodes with data sync.
type nodeGroup struct {
	nodes []*member
}

// member is a node of a nodeGroup. It outlives restarts of its process.
type member struct {
	*node.Node // of now
	opts       node.Options
}

// newGroup prepares nodes that know each other and share a key.
func (b *bench) newGroup(part string) (*nodeGroup, error) {
	var ports [groupSize]int
	var seeds []string
	for i := range ports {
		var err error
		if ports[i], err = node.FreePort(); err != nil {
			return nil, err
		}
		seeds = append(seeds, node.Loopback(ports[i]))
	}
	g, key := &nodeGroup{}, rand.Text()
	for i, port := range ports {
		o := b.NodeOptions(filepath.Join(part, fmt.Sprintf("node-%d", i+1)), cpu.Any)
		if part == stoppedPart {
			// Folding takes memory now and then, which would hide what a queue takes.
			o.Settings = append(o.Settings, fmt.Sprintf("Gossip_QueueSize=%dMiB", b.queue))
		} else {
			o.Settings = []string{"Logfile="}
		}
		if err := o.JoinGroup(strconv.Itoa(port), key, seeds...); err != nil {
			return nil, err
		}
		g.nodes = append(g.nodes, &member{opts: o})
	}
	return g, nil
}

// start starts all nodes and waits until they know each other.
func (g *nodeGroup) start(ctx context.Context) error {
	for _, n := range g.nodes {
		if err := n.start(ctx); err != nil {
			return err
		}
	}
	return g.meet(ctx)
}

// start starts a node that is not running, and waits until it serves data.
func (n *member) start(ctx context.Context) (err error) {
	n.Node, err = node.StartReady(ctx, n.opts)
	return err
}

// meet waits until all nodes know each other.
func (g *nodeGroup) meet(ctx context.Context) error {
	return g.nodes[0].Process.WaitReady(ctx, patience, func() error { return node.FindAll(ctx, g.nodes) })
}

// kill ends all nodes that are running.
func (g *nodeGroup) kill() {
	for _, n := range g.nodes {
		if n.Node != nil {
			n.Kill() // its data is of no more use
		}
	}
}

func (g *nodeGroup) terminate() error {
	var errs []error
	for _, n := range g.nodes {
		errs = append(errs, n.Terminate())
	}
	return errors.Join(errs...)
}

// settle waits until some nodes have the same digest, and returns when that was seen.
func settle(ctx context.Context, nodes []*member) (time.Time, error) {
	err := nodes[0].Process.WaitReady(ctx, patience, func() error {
		err := node.HoldSame(ctx, nodes)
		if err != nil {
			load.Pause(ctx, 20*time.Millisecond)
		}
		return err
	})
	return time.Now(), err
}
