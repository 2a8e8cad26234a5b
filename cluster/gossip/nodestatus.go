package gossip

import (
	"cmp"
	"slices"
)

// Synced tells whether this node has agreed with any peer since the start, or knows of
// nobody to agree with.
func (n *Node) Synced() bool { return !n.core.matched().IsZero() || n.alone() }

// alone tells whether there is nobody else in the group, as far as this node knows.
func (n *Node) alone() bool {
	if len(n.members.alive()) > 0 {
		return false
	}
	return n.isRemoved() || len(n.peersFile.list()) == 0 && n.rejoin.onlySelf(n.seedList())
}

// Status returns what this node knows of its group now.
func (n *Node) Status() Status {
	s := Status{
		Node: idString(n.id), Address: n.address, Synced: n.Synced(), LastMatch: n.core.matched(), Removed: n.isRemoved(),
		InboxBytes: n.core.waiting(), Counters: n.Counters(),
	}
	known := n.members.shown()
	seeds, errs := n.rejoin.shown(n.members.addresses())
	for i := range known {
		s.Peers = append(s.Peers, n.peerStatus(&known[i], errs))
	}
	for _, p := range n.peersFile.list() {
		if !slices.ContainsFunc(known, func(m member) bool { return m.id == p.id }) {
			s.Peers = append(s.Peers, PeerStatus{Node: idString(p.id), Address: p.Address, State: Gone, Since: p.Seen, LastError: errs[p.Address]})
		}
	}
	for _, t := range seeds {
		if !slices.ContainsFunc(s.Peers, func(p PeerStatus) bool { return p.Address == t.address }) {
			s.Peers = append(s.Peers, PeerStatus{Address: t.address, State: Gone, Since: t.since, LastError: t.lastErr})
		}
	}
	slices.SortFunc(s.Peers, func(a, b PeerStatus) int {
		return cmp.Or(cmp.Compare(a.Address, b.Address), cmp.Compare(a.Node, b.Node))
	})
	return s
}

func (n *Node) peerStatus(m *member, errs map[string]string) PeerStatus {
	f := n.core.figures(m.id)
	address := m.node.Address()
	return PeerStatus{
		Node: idString(m.id), Address: address, State: m.state, Since: m.since, LastMatch: f.lastMatch, Skew: f.skew,
		TCPOnly: m.tcpOnly, Queue: f.queue, Pushed: f.pushed, Dropped: f.dropped, Sent: f.sent,
		LastError: cmp.Or(errs[address], m.lastError),
	}
}

// Counters returns the counters of now.
func (n *Node) Counters() Counters {
	c := n.core.totals()
	c.BadFrames = n.count.badFrames.Load()
	c.BadMessages += n.count.badMessages.Load()
	c.Refused = n.count.refused.Load()
	return c
}
