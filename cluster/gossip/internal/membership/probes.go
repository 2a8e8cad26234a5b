package membership

import (
	"time"

	"owlcache/cluster/gossip/internal/wire"
)

var _ bridgeEvents = (*Group)(nil)

// suspected notes that a member has not answered a probe.
func (n *Group) suspected(peer uint64) {
	n.members.with(peer, func(p *member) {
		if p.state == Alive && (p.suspect.IsZero() || time.Since(p.suspect) > suspectFor) {
			p.suspect = time.Now()
		}
	})
}

// answeredTCP notes that a member has answered a probe over TCP and not over UDP.
func (n *Group) answeredTCP(peer uint64) {
	n.trusted(peer)
	address := "" // set if this is news
	n.members.with(peer, func(p *member) {
		p.tcpProbes++
		if p.state == Alive && !p.tcpOnly && p.tcpProbes >= tcpOnlyAfter {
			p.tcpOnly, address = true, p.node.Address()
		}
	})
	if address != "" {
		n.log.Warn("a peer of the sync group answers over TCP and not over UDP: members that fail are found late; open its port for UDP, in both directions",
			"peer", wire.Name(peer), "address", address)
	}
}

// answeredUDP notes that a member has answered a probe as it should.
func (n *Group) answeredUDP(peer uint64) {
	n.trusted(peer)
	address := "" // set if this is news
	n.members.with(peer, func(p *member) {
		p.tcpProbes = 0
		if p.tcpOnly {
			p.tcpOnly, address = false, p.node.Address()
		}
	})
	if address != "" {
		n.log.Info("a peer of the sync group answers over UDP again", "peer", wire.Name(peer), "address", address)
	}
}

// trusted notes that a member has answered a probe in some way.
func (n *Group) trusted(peer uint64) {
	doubted := false
	n.members.with(peer, func(p *member) {
		doubted = !p.suspect.IsZero()
		p.suspect = time.Time{}
	})
	if doubted {
		n.receiver.Doubted(peer)
	}
}

// failed notes why an exchange with a member has failed.
func (n *Group) failed(peer uint64, why string) {
	n.members.with(peer, func(p *member) { p.lastError = why })
}

// succeeded notes that an exchange with a member has not failed.
func (n *Group) succeeded(peer uint64) { n.failed(peer, "") }
