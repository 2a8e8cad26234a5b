package membership

import (
	"cmp"
	"slices"
	"time"

	"owlcache/cluster/gossip/internal/transport"
)

// State of a peer.
type State string

// The states of a peer.
const (
	Alive   State = "alive"
	Suspect State = "suspect" // does not answer; not yet given up
	Gone    State = "gone"    // not reachable; looked for again and again
	Left    State = "left"    // has said that it leaves
)

// Peer is what a node knows of a member that was seen, or of a seed.
type Peer struct {
	ID        uint64 // 0 for a seed that has never answered
	Address   string
	State     State
	Since     time.Time // of the state
	TCPOnly   bool      // UDP does not get through to it
	LastError string    // of the last try to reach it; one line
}

// Alone tells whether there is nobody else in the group, as far as this node knows.
func (n *Group) Alone() bool {
	if len(n.members.alive()) > 0 {
		return false
	}
	return n.Removed() || len(n.o.File.List()) == 0 && n.rejoin.onlySelf(n.seedList())
}

// Known returns all that is known, in the order of addresses.
func (n *Group) Known() []Peer {
	seeds, errs := n.rejoin.shown(n.members.addresses())
	list := n.members.shown()
	for i := range list {
		list[i].LastError = cmp.Or(errs[list[i].Address], list[i].LastError)
	}
	for _, p := range n.o.File.List() {
		if !slices.ContainsFunc(list, func(o Peer) bool { return o.ID == p.ID }) {
			list = append(list, Peer{ID: p.ID, Address: p.Address, State: Gone, Since: p.Seen, LastError: errs[p.Address]})
		}
	}
	for _, t := range seeds {
		if !slices.ContainsFunc(list, func(o Peer) bool { return o.Address == t.address }) {
			list = append(list, Peer{Address: t.address, State: Gone, Since: t.since, LastError: t.lastErr})
		}
	}
	slices.SortFunc(list, func(a, b Peer) int {
		return cmp.Or(cmp.Compare(a.Address, b.Address), cmp.Compare(a.ID, b.ID))
	})
	return list
}

// Tally returns what has been counted.
func (n *Group) Tally() *transport.Tally { return n.count }
