package membership

import (
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"

	"owlcache/cluster/gossip/internal/wire"
)

// members are the nodes of the group that this node has seen since its start. All is
// taken from memberlist's events, which come while it holds its locks: nothing here waits.
type members struct {
	mu    sync.Mutex
	known map[uint64]*member // protected by mu

	changes *changes
}

// member is a node of the group.
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

// suspectFor is how long a probe without an answer makes a member a suspect: until then
// it has answered, was probed again, or is gone.
const suspectFor = 15 * time.Second

// leaveWindow is how far apart a member's word that it leaves, and its leaving, may be.
const leaveWindow = 10 * time.Second

// tcpOnlyAfter is how many probes in a row must be answered over TCP alone: one may be
// a packet that was lost.
const tcpOnlyAfter = 2

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

// leave notes that a member is not alive any more.
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

// leaveAll notes that this node has left the group.
func (m *members) leaveAll() {
	for _, id := range m.alive() {
		m.leave(id)
	}
}

// saysLeaving notes that a member leaves now, or has just left. memberlist does not tell
// this from a failure.
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
	alive := 0
	for _, p := range m.known {
		if p.state == Alive {
			alive++
		}
	}
	return alive >= wire.MaxNodes
}

// alive returns the ids of live members, in order.
func (m *members) alive() []uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	var ids []uint64
	for id, p := range m.known {
		if p.state == Alive {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// live returns a live member.
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

// shown returns all members that are known.
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
