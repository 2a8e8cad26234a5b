package membership

import (
	"cmp"
	"slices"
	"time"

	"owlcache/cluster/gossip/internal/transport"
	"owlcache/cluster/gossip/internal/wire"
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

func (n *Group) suspected(peer uint64) {
	n.members.with(peer, func(p *member) {
		if p.state == Alive && (p.suspect.IsZero() || time.Since(p.suspect) > suspectFor) {
			p.suspect = time.Now()
		}
	})
}

// answered notes that a member has answered a probe, over TCP alone or as it should.
func (n *Group) answered(peer uint64, tcpOnly bool) {
	doubted, changed, address := false, false, ""
	n.members.with(peer, func(p *member) {
		doubted, p.suspect = !p.suspect.IsZero(), time.Time{}
		p.tcpProbes++
		if !tcpOnly {
			p.tcpProbes = 0
		}
		was := p.tcpOnly
		p.tcpOnly = tcpOnly && (was || p.state == Alive && p.tcpProbes >= tcpOnlyAfter)
		changed, address = p.tcpOnly != was, p.node.Address()
	})
	if doubted {
		n.receiver.Doubted(peer)
	}
	switch {
	case changed && tcpOnly:
		n.log.Warn("a peer of the sync group answers over TCP and not over UDP: members that fail are found late; open its port for UDP, in both directions",
			"peer", wire.Name(peer), "address", address)
	case changed:
		n.log.Info("a peer of the sync group answers over UDP again", "peer", wire.Name(peer), "address", address)
	}
}

func (n *Group) failed(peer uint64, why string) {
	n.members.with(peer, func(p *member) { p.lastError = why })
}

func (n *Group) succeeded(peer uint64) { n.failed(peer, "") }
