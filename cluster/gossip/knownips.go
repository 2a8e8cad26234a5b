package gossip

import (
	"net"
	"net/netip"
)

// knows tells whether an IP address is that of a member that this node has seen, or had
// seen before its start.
func (n *Group) knows(ip netip.Addr) bool { return n.savedIPs[ip] || n.members.hasIP(ip) }

// ipsOf returns the addresses of members in the file of peers.
func ipsOf(peers []peerEntry) map[netip.Addr]bool {
	ips := make(map[netip.Addr]bool, len(peers))
	for _, p := range peers {
		if a, err := netip.ParseAddrPort(p.Address); err == nil {
			ips[plainIP(a.Addr())] = true
		}
	}
	return ips
}

// plainIP returns an address as it compares equal to others.
func plainIP(ip netip.Addr) netip.Addr { return ip.Unmap().WithZone("") }

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
