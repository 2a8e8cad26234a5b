package membership

import (
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"

	"owlcache/cluster/gossip/internal/peers"
	"owlcache/cluster/gossip/internal/transport"
	"owlcache/cluster/gossip/internal/wire"
)

// members are the nodes of the group that this node has seen since its start. All is
// taken from memberlist's events, which come while it holds its locks: nothing here waits.
type members struct {
	mu    sync.Mutex
	known map[uint64]*member // protected by mu

	changes *changes
}

type member struct {
	id      uint64
	node    memberlist.Node // a copy
	state   State           // Alive, Gone or Left; see shown
	since   time.Time
	leaving time.Time // when it said that it leaves

	suspect   time.Time // when it did not answer a probe; zero if it has answered since
	tcpProbes int       // in a row that were answered over TCP only
	tcpOnly   bool
	lastError string
}

const (
	suspectFor   = 15 * time.Second // after a probe without an answer
	leaveWindow  = 10 * time.Second // between a member's word that it leaves, and its leaving
	tcpOnlyAfter = 2                // probes in a row: one may be a packet that was lost
)

func newMembers() *members {
	return &members{known: make(map[uint64]*member), changes: newChanges()}
}

// join notes that a member is alive, or has begun another run.
func (m *members) join(id uint64, n *memberlist.Node) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.known[id]
	if p == nil {
		m.makeRoomLocked()
		p = &member{id: id}
		m.known[id] = p
	}
	again := p.state == Alive
	if again && wire.RunOf(p.node.Meta) == wire.RunOf(n.Meta) {
		return
	}
	p.node = *n
	p.node.Addr, p.node.Meta = slices.Clone(n.Addr), slices.Clone(n.Meta)
	p.state, p.since, p.leaving = Alive, time.Now(), time.Time{}
	p.suspect, p.tcpProbes, p.tcpOnly, p.lastError = time.Time{}, 0, false, ""
	if again {
		m.changes.left(id)
	}
	m.changes.joined(id)
}

func (m *members) leave(id uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.known[id]
	if p == nil || p.state != Alive {
		return
	}
	p.state, p.since, p.suspect = Gone, time.Now(), time.Time{}
	if time.Since(p.leaving) < leaveWindow {
		p.state = Left
	}
	m.changes.left(id)
}

func (m *members) leaveAll() {
	for _, id := range m.alive() {
		m.leave(id)
	}
}

// saysLeaving notes that a member leaves or has just left: to memberlist it has failed.
func (m *members) saysLeaving(id uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.known[id]
	if p == nil {
		return
	}
	p.leaving = time.Now()
	if p.state == Gone && time.Since(p.since) < leaveWindow {
		p.state = Left
	}
}

// makeRoomLocked drops the member that has been gone for longest if there are too many.
func (m *members) makeRoomLocked() {
	if len(m.known) < 2*wire.MaxNodes {
		return
	}
	var oldest *member
	for _, p := range m.known {
		if p.state != Alive && (oldest == nil || p.since.Before(oldest.since)) {
			oldest = p
		}
	}
	if oldest != nil {
		delete(m.known, oldest.id)
	}
}

// full tells whether there are too many live members for another one.
func (m *members) full(id uint64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p := m.known[id]; p != nil && p.state == Alive || len(m.known) < wire.MaxNodes {
		return false
	}
	return len(m.aliveLocked()) >= wire.MaxNodes
}

// alive returns the ids of live members, in order.
func (m *members) alive() []uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.aliveLocked()
}

func (m *members) aliveLocked() (ids []uint64) {
	for id, p := range m.known {
		if p.state == Alive {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

func (m *members) live(id uint64) (memberlist.Node, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.known[id]
	if p == nil || p.state != Alive {
		return memberlist.Node{}, false
	}
	return p.node, true
}

// addresses returns the addresses of live members, IP:PORT, and whose they are.
func (m *members) addresses() map[string]uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := make(map[string]uint64, len(m.known))
	for id, p := range m.known {
		if p.state == Alive {
			list[p.node.Address()] = id
		}
	}
	return list
}

// with calls f for a member that is known, under the lock.
func (m *members) with(id uint64, f func(p *member)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p := m.known[id]; p != nil {
		f(p)
	}
}

func (m *members) shown() []Peer {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := make([]Peer, 0, len(m.known))
	for _, p := range m.known {
		shown := Peer{ID: p.id, Address: p.node.Address(), State: p.state, Since: p.since, TCPOnly: p.tcpOnly, LastError: p.lastError}
		if p.state == Alive && !p.suspect.IsZero() && time.Since(p.suspect) < suspectFor {
			shown.State, shown.Since = Suspect, p.suspect
		}
		list = append(list, shown)
	}
	return list
}

// knows tells whether a member with this address was seen, now or before the start.
func (n *Group) knows(ip netip.Addr) bool { return n.savedIPs[ip] || n.members.hasIP(ip) }

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
