package gossip

import (
	"cmp"
	"slices"
	"time"
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

// alone tells whether there is nobody else in the group, as far as this node knows.
func (n *Group) alone() bool {
	if len(n.members.alive()) > 0 {
		return false
	}
	return n.isRemoved() || len(n.o.File.list()) == 0 && n.rejoin.onlySelf(n.seedList())
}

// shown returns all that is known, in the order of addresses.
func (n *Group) shown() []Peer {
	seeds, errs := n.rejoin.shown(n.members.addresses())
	list := n.members.shown()
	for i := range list {
		list[i].LastError = cmp.Or(errs[list[i].Address], list[i].LastError)
	}
	for _, p := range n.o.File.list() {
		if !slices.ContainsFunc(list, func(o Peer) bool { return o.ID == p.id }) {
			list = append(list, Peer{ID: p.id, Address: p.Address, State: Gone, Since: p.Seen, LastError: errs[p.Address]})
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

// totals returns what has been counted.
func (n *Group) totals() totals { return n.count.totals() }
