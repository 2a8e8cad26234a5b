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
	Counters   replicate.Counters
}

// PeerStatus is what a node knows of one peer or seed.
type PeerStatus struct {
	Node      string // node id; "" for a seed that has never answered
	Address   string
	State     membership.State
	Since     time.Time     // of the state
	LastMatch time.Time     // zero = never
	Skew      time.Duration // how far its clock is ahead of this one's, roughly
	TCPOnly   bool          // UDP does not get through to it
	Queue     int64         // bytes waiting to be pushed
	Pushed    uint64        // changes
	Dropped   uint64        // changes that a full queue or a failed sending has lost; healed by rounds
	Sent      uint64        // entries sent in answer to lists
	LastError string        // of the last try to reach it; one line
}

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
		f := n.sync.Figures(p.ID)
		status := PeerStatus{
			Address: p.Address, State: p.State, Since: p.Since, LastMatch: f.LastMatch, Skew: f.Skew, TCPOnly: p.TCPOnly,
			Queue: f.Queue, Pushed: f.Pushed, Dropped: f.Dropped, Sent: f.Sent, LastError: p.LastError,
		}
		if p.ID != 0 {
			status.Node = wire.Name(p.ID)
		}
		s.Peers = append(s.Peers, status)
	}
	return s
}

// Counters returns the counters of now.
func (n *Node) Counters() replicate.Counters {
	c, t := n.sync.Counters(), n.group.Counters()
	c.BadFrames, c.Refused = t.BadFrames, t.Refused
	c.BadMessages += t.BadMessages
	return c
}
