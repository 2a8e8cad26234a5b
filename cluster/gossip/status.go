package gossip

import (
	"time"

	"owlcache/cluster/gossip/internal/membership"
	"owlcache/cluster/gossip/internal/replicate"
	"owlcache/cluster/gossip/internal/wire"
)

// Status is what a node knows of its sync group.
type Status struct {
	Node       string    // node id, 16 hexadecimal digits
	Address    string    // what others connect to
	Synced     bool      // see Node.Synced
	LastMatch  time.Time // with any peer; zero = never since the start
	Removed    bool      // an operator has removed this node from the group
	Peers      []PeerStatus
	InboxBytes int64 // arrived, not yet merged
	Counters   Counters
}

// PeerStatus is what a node knows of one peer or seed.
type PeerStatus struct {
	Node string // node id, 16 hexadecimal digits; "" for a seed that has never answered
	membership.Peer
	replicate.Figures
}

// Counters count since the start of the node.
type Counters = replicate.Counters

// Synced tells whether this node has agreed with any peer since the start, or knows of
// nobody to agree with.
func (n *Node) Synced() bool { return !n.sync.Matched().IsZero() || n.group.Alone() }

// Status returns what this node knows of its group now.
func (n *Node) Status() Status {
	s := Status{
		Node: wire.Name(n.id), Address: n.Address(), Synced: n.Synced(), LastMatch: n.sync.Matched(), Removed: n.group.Removed(),
		InboxBytes: n.sync.Waiting(), Counters: n.Counters(),
	}
	for _, p := range n.group.Known() {
		status := PeerStatus{Peer: p, Figures: n.sync.Figures(p.ID)}
		if p.ID != 0 {
			status.Node = wire.Name(p.ID)
		}
		s.Peers = append(s.Peers, status)
	}
	return s
}

// Counters returns the counters of now.
func (n *Node) Counters() replicate.Counters {
	c, t := n.sync.Counters(), n.group.Tally()
	c.BadFrames, c.Refused = t.BadFrames.Load(), t.Refused.Load()
	c.BadMessages += t.BadMessages.Load()
	return c
}
