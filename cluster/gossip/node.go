package gossip

import (
	"context"
	"errors"
	"sync"
	"time"

	"owlcache/cluster/gossip/internal/membership"
	"owlcache/cluster/gossip/internal/peers"
	"owlcache/cluster/gossip/internal/replicate"
)

// Node is a member of a sync group. All methods may be called concurrently.
type Node struct {
	id    uint64
	file  *peers.File
	group *membership.Group
	sync  *replicate.Replicator

	closing sync.Once
	closed  error // of Close
}

// Start begins to listen, and to look for the group; it does not wait until it is found.
func Start(o Options) (*Node, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	n := &Node{id: o.Store.NodeID()}
	if n.file, err = peers.Open(o.PeersFile, n.id, o.Logger); err != nil {
		return nil, err
	}
	if n.group, err = membership.New(o.group(n.file)); err != nil {
		n.file.Close()
		return nil, err
	}
	seen, err := n.file.Versions(o.Store.Recovered().LSN)
	if err != nil {
		err = errors.Join(err, n.group.Close(context.Background()))
		n.file.Close()
		return nil, err
	}
	n.sync = replicate.New(o.sync(seen), n.group)
	n.file.KeepVersions(n.sync.Versions)
	if err := n.group.Start(n.sync); err != nil {
		return nil, errors.Join(err, n.Close(context.Background()))
	}
	return n, nil
}

// Close sends what is queued, leaves the group, and waits for all that Start has started.
// When ctx ends it waits no longer for others. A second Close waits for the first.
func (n *Node) Close(ctx context.Context) error {
	n.closing.Do(func() {
		drain, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		n.sync.Drain(drain)
		n.closed = n.group.Close(ctx)
		n.sync.Close()
		n.file.Close()
	})
	return n.closed
}

// Address returns what others connect to, IP:PORT.
func (n *Node) Address() string { return n.group.Address() }

// Join has an address, HOST:PORT, tried at once and for a minute, also if the node there,
// or this one, was removed from the group before. It does not wait.
func (n *Node) Join(address string) { n.group.Join(address) }

// Forget removes a node from the group: that of an address, HOST:PORT, or of a node id.
// All live members are told to look for it no more, and the node itself, if it is alive,
// leaves. It does not wait.
func (n *Node) Forget(address string) { n.group.Forget(address) }
