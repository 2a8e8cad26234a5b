package membership

import (
	"net"
	"net/netip"

	"owlcache/cluster/gossip/internal/peers"
	"owlcache/cluster/gossip/internal/transport"
)

// knows tells whether an IP address is that of a member that this node has seen, or had
// seen before its start.
func (n *Group) knows(ip netip.Addr) bool { return n.savedIPs[ip] || n.members.hasIP(ip) }

// ipsOf returns the addresses of members in the file of peers.
func ipsOf(saved []peers.Peer) map[netip.Addr]bool {
	ips := make(map[netip.Addr]bool, len(saved))
	for _, p := range saved {
		if a, err := netip.ParseAddrPort(p.Address); err == nil {
			ips[transport.PlainIP(a.Addr())] = true
		}
	}
	return ips
}

// hasIP tells whether a member that was seen since the start has this address.
func (m *members) hasIP(ip netip.Addr) bool {
	want := net.IP(ip.AsSlice())
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.known {
		if p.node.Addr.Equal(want) {
			return true
		}
	}
	return false
}
