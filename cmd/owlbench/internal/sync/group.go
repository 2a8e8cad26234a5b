package sync

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
func (b *bench) newGroup(part part) (*nodeGroup, error) {
	dir := filepath.Join(b.Dir, part.name)
	key := filepath.Join(dir, "key")
	if err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(key, []byte(node.NewPassword()), 0o600)); err != nil {
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
		o := b.NodeOptions(filepath.Join(part.name, fmt.Sprintf("node-%d", i+1)), cpu.Any)
		if part.queue > 0 {
			// Folding takes memory now and then, which would hide what a queue takes.
			o.Settings = append(o.Settings, fmt.Sprintf("Gossip_QueueSize=%dMiB", part.queue))
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

// start starts a node that is not running, and waits until it serves data.
func (n *member) start(ctx context.Context) (err error) {
	n.Node, err = node.StartReady(ctx, n.opts)
	return err
}

// Kill ends all nodes that are running.
func (g *nodeGroup) Kill() {
	for _, n := range g.nodes {
		if n.Node != nil {
			n.Kill() // its data is of no more use
		}
	}
}

// Terminate ends all nodes in order.
func (g *nodeGroup) Terminate() error {
	var errs []error
	for _, n := range g.nodes {
		errs = append(errs, n.Terminate(node.StopPatience))
	}
	return errors.Join(errs...)
}

// settle waits until some nodes have the same digest, and returns when that was seen.
func (g *nodeGroup) settle(ctx context.Context, nodes ...*member) (time.Time, error) {
	var at time.Time
	err := nodes[0].Process.WaitReady(ctx, patience, func() error {
		var first []byte
		for i, n := range nodes {
			digest, err := n.digest(ctx)
			if err != nil {
				return err
			}
			if i == 0 {
				first = digest
			} else if !slices.Equal(first, digest) {
				load.Pause(ctx, 20*time.Millisecond)
				return errors.New("nodes differ")
			}
		}
		at = time.Now()
		return nil
	})
	return at, err
}

// digest returns the digest of a node as it is sent.
func (n *member) digest(ctx context.Context) ([]byte, error) {
	resp, err := load.Ask(ctx, n.Addr, load.ParseHTTP, load.HTTPGet("/admin/cluster/digest?token="+url.QueryEscape(n.Token)))
	if err != nil {
		return nil, err
	}
	if resp.Status != 200 {
		return nil, load.Unexpected("digest", resp)
	}
	var answer struct{ Buckets json.RawMessage }
	err = json.Unmarshal(resp.Body, &answer)
	return answer.Buckets, err
}

// figures are some of the figures that a node shows.
type figures struct {
	alive    float64 // other nodes
	queue    float64 // bytes that wait for the node for which they are most
	inbox    float64 // bytes
	memory   float64 // resident, bytes
	merged   float64 // entries taken over
	received float64
	dropped  float64 // changes
}

// figures asks a node for its figures.
func (n *member) figures(ctx context.Context) (f figures, err error) {
	resp, err := load.Ask(ctx, n.Addr, load.ParseHTTP, load.HTTPGet("/metrics"))
	if err != nil {
		return f, err
	}
	if resp.Status != 200 {
		return f, load.Unexpected("metrics", resp)
	}
	for line := range strings.Lines(string(resp.Body)) {
		name, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		var v float64
		if _, err := fmt.Sscan(text, &v); err != nil {
			continue // a comment
		}
		f.take(name, v)
	}
	return f, nil
}

func (f *figures) take(name string, v float64) {
	family, _, _ := strings.Cut(name, "{")
	switch {
	case name == `owlcache_sync_members{state="alive"}`:
		f.alive = v
	case family == "owlcache_sync_peer_queue_bytes":
		f.queue = max(f.queue, v)
	case name == "owlcache_sync_inbox_bytes":
		f.inbox = v
	case name == "process_resident_memory_bytes":
		f.memory = v
	case name == "owlcache_sync_merged_total":
		f.merged = v
	case name == "owlcache_sync_received_total":
		f.received = v
	case family == "owlcache_sync_peer_dropped_total":
		f.dropped += v
	}
}
