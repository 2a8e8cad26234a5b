package main

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
)

// syncNodes is how many nodes a group has.
const syncNodes = 3

// syncGroup is a group of nodes with data sync.
type syncGroup struct {
	nodes []*syncNode
}

// syncNode is a node of a syncGroup. It outlives restarts of its process.
type syncNode struct {
	*node // of now
	opts  nodeOptions
}

// newGroup prepares nodes that know each other and share a key.
func (b *syncBench) newGroup(part syncPart) (*syncGroup, error) {
	dir := filepath.Join(b.dir, part.name)
	key := filepath.Join(dir, "key")
	if err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(key, []byte(newPassword()), 0o600)); err != nil {
		return nil, err
	}
	g := &syncGroup{}
	var seeds []string
	for i := range syncNodes {
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		seeds = append(seeds, loopback(port))
		o := b.node(filepath.Join(part.name, fmt.Sprintf("node-%d", i+1)), noCPU)
		if part.queue > 0 {
			// Folding takes memory now and then, which would hide what a queue takes.
			o.Settings = append(o.Settings, fmt.Sprintf("Gossip_QueueSize=%dMiB", part.queue))
		} else {
			o.Settings = []string{"Logfile="}
		}
		o.Settings = append(o.Settings, "GroupDataSync=1", fmt.Sprintf("Gossipport=%d", port), "GossipDataSyncAuthKey_File="+key)
		g.nodes = append(g.nodes, &syncNode{opts: o})
	}
	for _, n := range g.nodes {
		if err := writeMembers(n.opts.Dir, gossipFile, seeds); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// start starts all nodes and waits until they know each other.
func (g *syncGroup) start(ctx context.Context) error {
	for _, n := range g.nodes {
		if err := n.start(ctx); err != nil {
			return err
		}
	}
	return g.meet(ctx)
}

// meet waits until all nodes know each other.
func (g *syncGroup) meet(ctx context.Context) error {
	for _, n := range g.nodes {
		err := n.process.waitReady(ctx, syncPatience, func() error {
			f, err := n.figures(ctx)
			if err == nil && f.alive != syncNodes-1 {
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
func (n *syncNode) start(ctx context.Context) (err error) {
	n.node, err = startReadyNode(ctx, n.opts)
	return err
}

// kill ends all nodes that are running.
func (g *syncGroup) kill() {
	for _, n := range g.nodes {
		if n.node != nil {
			n.kill() // its data is of no more use
		}
	}
}

// terminate ends all nodes in order.
func (g *syncGroup) terminate() error {
	var errs []error
	for _, n := range g.nodes {
		errs = append(errs, n.terminate(stopPatience))
	}
	return errors.Join(errs...)
}

// settle waits until some nodes have the same digest, and returns when that was seen.
func (g *syncGroup) settle(ctx context.Context, nodes ...*syncNode) (time.Time, error) {
	var at time.Time
	err := nodes[0].process.waitReady(ctx, syncPatience, func() error {
		var first []byte
		for i, n := range nodes {
			digest, err := n.digest(ctx)
			if err != nil {
				return err
			}
			if i == 0 {
				first = digest
			} else if !slices.Equal(first, digest) {
				pause(ctx, 20*time.Millisecond)
				return errors.New("nodes differ")
			}
		}
		at = time.Now()
		return nil
	})
	return at, err
}

// digest returns the digest of a node as it is sent.
func (n *syncNode) digest(ctx context.Context) ([]byte, error) {
	resp, err := ask(ctx, n.addr, parseResponse, httpGet("/admin/cluster/digest?token="+url.QueryEscape(n.token)))
	if err != nil {
		return nil, err
	}
	if resp.status != 200 {
		return nil, unexpected("digest", resp)
	}
	var answer struct{ Buckets json.RawMessage }
	err = json.Unmarshal(resp.body, &answer)
	return answer.Buckets, err
}

// syncFigures are some of the figures that a node shows.
type syncFigures struct {
	alive    float64 // other nodes
	queue    float64 // bytes that wait for the node for which they are most
	inbox    float64 // bytes
	memory   float64 // resident, bytes
	merged   float64 // entries taken over
	received float64
	dropped  float64 // changes
}

// figures asks a node for its figures.
func (n *syncNode) figures(ctx context.Context) (f syncFigures, err error) {
	resp, err := ask(ctx, n.addr, parseResponse, httpGet("/metrics"))
	if err != nil {
		return f, err
	}
	if resp.status != 200 {
		return f, unexpected("metrics", resp)
	}
	for line := range strings.Lines(string(resp.body)) {
		name, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		var v float64
		if _, err := fmt.Sscan(text, &v); err != nil {
			continue // a comment
		}
		f.take(name, v)
	}
	return f, nil
}

func (f *syncFigures) take(name string, v float64) {
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

// pause waits, unless ctx ends before.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
