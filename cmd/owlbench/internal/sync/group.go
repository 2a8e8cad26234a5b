package sync

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"owlcache/cmd/owlbench/internal/cpu"
	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/node"
)

// groupSize is how many nodes a group has.
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
	dir := filepath.Join(b.Dir, part)
	key := filepath.Join(dir, "key")
	if err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(key, []byte(rand.Text()), 0o600)); err != nil {
		return nil, err
	}
	g := &nodeGroup{}
	var seeds []string
	for i := range groupSize {
		port, err := node.FreePort()
		if err != nil {
			return nil, err
		}
		seeds = append(seeds, node.Loopback(port))
		o := b.NodeOptions(filepath.Join(part, fmt.Sprintf("node-%d", i+1)), cpu.Any)
		if part == stoppedPart {
			// Folding takes memory now and then, which would hide what a queue takes.
			o.Settings = append(o.Settings, fmt.Sprintf("Gossip_QueueSize=%dMiB", b.queue))
		} else {
			o.Settings = []string{"Logfile="}
		}
		o.Settings = append(o.Settings, "GroupDataSync=1", fmt.Sprintf("Gossipport=%d", port), "GossipDataSyncAuthKey_File="+key)
		g.nodes = append(g.nodes, &member{opts: o})
	}
	for _, n := range g.nodes {
		if err := node.WriteMembers(n.opts.Dir, node.GossipFile, seeds); err != nil {
			return nil, err
		}
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
	for _, n := range g.nodes {
		err := n.Process.WaitReady(ctx, patience, func() error {
			f, err := n.figures(ctx)
			if err == nil && f.alive != groupSize-1 {
				err = fmt.Errorf("it knows %v other nodes", f.alive)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// kill ends all nodes that are running.
func (g *nodeGroup) kill() {
	for _, n := range g.nodes {
		if n.Node != nil {
			n.Kill() // its data is of no more use
		}
	}
}

// terminate ends all nodes in order.
func (g *nodeGroup) terminate() error {
	var errs []error
	for _, n := range g.nodes {
		errs = append(errs, n.Terminate())
	}
	return errors.Join(errs...)
}

// settle waits until some nodes have the same digest, and returns when that was seen.
func (g *nodeGroup) settle(ctx context.Context, nodes ...*member) (time.Time, error) {
	var at time.Time
	err := nodes[0].Process.WaitReady(ctx, patience, func() error {
		first := ""
		for i, n := range nodes {
			digest, err := n.Digest(ctx)
			if err != nil {
				return err
			}
			if i == 0 {
				first = digest
			} else if digest != first {
				load.Pause(ctx, 20*time.Millisecond)
				return errors.New("nodes differ")
			}
		}
		at = time.Now()
		return nil
	})
	return at, err
}
