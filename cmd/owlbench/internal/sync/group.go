package sync

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"owlcache/cmd/owlbench/internal/cpu"
	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/node"
)

const groupSize = 3

type nodeGroup []*member

// member is a node of a nodeGroup. It outlives restarts of its process.
type member struct {
	*node.Node // of now
	opts       node.Options
}

// newGroup prepares nodes that know each other and share a key.
func (b *bench) newGroup(part string) (g nodeGroup, err error) {
	var ports, seeds [groupSize]string
	for i := range ports {
		if seeds[i], ports[i], err = node.FreeAddr(); err != nil {
			return nil, err
		}
	}
	key := rand.Text()
	for i, port := range ports {
		o := b.NodeOptions(filepath.Join(part, fmt.Sprintf("node-%d", i+1)), cpu.Any)
		if part == stoppedPart {
			// Folding takes memory now and then, which would hide what a queue takes.
			o.Settings = append(o.Settings, fmt.Sprintf("Gossip_QueueSize=%dMiB", b.queue))
		} else {
			o.Settings = []string{"Logfile="}
		}
		if err := o.JoinGroup(port, key, seeds[:]...); err != nil {
			return nil, err
		}
		g = append(g, &member{opts: o})
	}
	return g, nil
}

func (g nodeGroup) start(ctx context.Context) error {
	for _, n := range g {
		if err := n.start(ctx); err != nil {
			return err
		}
	}
	return g.meet(ctx)
}

func (n *member) start(ctx context.Context) (err error) {
	n.Node, err = node.StartReady(ctx, n.opts)
	return err
}

func (g nodeGroup) meet(ctx context.Context) error {
	return g[0].Process.WaitReady(ctx, patience, func() error { return node.FindAll(ctx, g) })
}

func (g nodeGroup) kill() {
	for _, n := range g {
		if n.Node != nil {
			n.Kill() // its data is of no more use
		}
	}
}

func (g nodeGroup) terminate() error {
	var errs []error
	for _, n := range g {
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

type figures struct {
	queue    float64 // bytes that wait for the node for which they are most
	memory   float64 // resident, bytes
	merged   float64 // entries taken over
	received float64
	dropped  float64 // changes
}

func (n *member) figures(ctx context.Context) (figures, error) {
	all, err := n.Metrics(ctx)
	return newFigures(all), err
}

func newFigures(all map[string]float64) figures {
	f := figures{
		memory: all["process_resident_memory_bytes"],
		merged: all["owlcache_sync_merged_total"], received: all["owlcache_sync_received_total"],
	}
	for name, v := range all { // of each peer
		switch family, _, _ := strings.Cut(name, "{"); family {
		case "owlcache_sync_peer_queue_bytes":
			f.queue = max(f.queue, v)
		case "owlcache_sync_peer_dropped_total":
			f.dropped += v
		}
	}
	return f
}

// grow makes the figures that have a greatest value the greater ones of both.
func (f *figures) grow(g figures) {
	f.queue, f.memory, f.dropped = max(f.queue, g.queue), max(f.memory, g.memory), max(f.dropped, g.dropped)
}
