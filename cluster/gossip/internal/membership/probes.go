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

// failed notes why an exchange with a member has failed.
func (n *Group) failed(peer uint64, why string) {
	n.members.with(peer, func(p *member) { p.lastError = why })
}

// succeeded notes that an exchange with a member has not failed.
func (n *Group) succeeded(peer uint64) { n.failed(peer, "") }
