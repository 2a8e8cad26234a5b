package gossip

import (
	"net"
	"strings"
	"testing"

	"github.com/hashicorp/memberlist"
)

func TestChangesOfAPeerAreCoalesced(t *testing.T) {
	for events, want := range map[string]change{
		"":      {},
		"+":     {joined: true},
		"+-":    {},
		"+-+":   {joined: true},
		"-":     {left: true},
		"-+":    {left: true, joined: true},
		"-+-":   {left: true},
		"-+-+-": {left: true},
		"-+-+":  {left: true, joined: true},
	} {
		c := newChanges()
		for _, e := range events {
			if e == '+' {
				c.joined(1)
			} else {
				c.left(1)
			}
		}
		if got := c.take()[1]; got != want {
			t.Errorf("%q: %+v", events, got)
		}
		if len(c.take()) > 0 {
			t.Errorf("%q: told twice", events)
		}
	}
}

func TestMembersThatMakeNoSenseAreNotTaken(t *testing.T) {
	t.Parallel()
	n := startNode(t, options(t, 1, nil))
	_, d := n.membership()
	good := memberlist.Node{Name: idString(2), Addr: net.IPv4(10, 0, 0, 1), Port: 7}
	if err := d.NotifyAlive(&good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*memberlist.Node){
		"no name":           func(m *memberlist.Node) { m.Name = "" },
		"upper case":        func(m *memberlist.Node) { m.Name = strings.ToUpper(idString(0xabc)) },
		"zero":              func(m *memberlist.Node) { m.Name = idString(0) },
		"control":           func(m *memberlist.Node) { m.Name = "\n00000000000000ff" },
		"no address":        func(m *memberlist.Node) { m.Addr = nil },
		"half an address":   func(m *memberlist.Node) { m.Addr = m.Addr[:3] },
		"everywhere":        func(m *memberlist.Node) { m.Addr = net.IPv4zero },
		"multicast":         func(m *memberlist.Node) { m.Addr = net.IPv4(224, 0, 0, 1) },
		"no port":           func(m *memberlist.Node) { m.Port = 0 },
		"this node's id":    func(m *memberlist.Node) { m.Name = idString(1) },
		"one more than all": func(*memberlist.Node) { fill(n.members) },
	} {
		m := good
		change(&m)
		if d.NotifyAlive(&m) == nil {
			t.Errorf("%s: it was taken", name)
		}
		n.members.leaveAll()
	}
	if got := n.totals().BadMessages; got != 10 { // all but our own id
		t.Errorf("counted %d", got)
	}
}

// fill makes as many members as there may be.
func fill(m *members) {
	for id := range uint64(maxPeers) {
		m.join(id+10, &memberlist.Node{Name: idString(id + 10)})
	}
}

func TestMembersThatAreGoneAreBounded(t *testing.T) {
	m := newMembers()
	for range 3 {
		fill(m)
		m.leaveAll()
	}
	for id := range uint64(3 * maxPeers) {
		m.join(id+10_000, &memberlist.Node{Name: idString(id + 10_000)})
		m.leave(id + 10_000)
	}
	if got := len(m.shown()); got > 2*maxPeers {
		t.Fatalf("%d members are kept", got)
	}
}
