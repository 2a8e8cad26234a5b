package membership

import (
	"net"
	"strings"
	"testing"

	"github.com/hashicorp/memberlist"

	"owlcache/cluster/gossip/internal/wire"
)

func TestMembersThatMakeNoSenseAreNotTaken(t *testing.T) {
	t.Parallel()
	n := startNode(t, options(t, 1, nil))
	_, d := n.current()
	good := memberlist.Node{Name: wire.Name(2), Addr: net.IPv4(10, 0, 0, 1), Port: 7}
	if err := d.NotifyAlive(&good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*memberlist.Node){
		"no name":           func(m *memberlist.Node) { m.Name = "" },
		"upper case":        func(m *memberlist.Node) { m.Name = strings.ToUpper(wire.Name(0xabc)) },
		"zero":              func(m *memberlist.Node) { m.Name = wire.Name(0) },
		"control":           func(m *memberlist.Node) { m.Name = "\n00000000000000ff" },
		"no address":        func(m *memberlist.Node) { m.Addr = nil },
		"half an address":   func(m *memberlist.Node) { m.Addr = m.Addr[:3] },
		"everywhere":        func(m *memberlist.Node) { m.Addr = net.IPv4zero },
		"multicast":         func(m *memberlist.Node) { m.Addr = net.IPv4(224, 0, 0, 1) },
		"no port":           func(m *memberlist.Node) { m.Port = 0 },
		"this node's id":    func(m *memberlist.Node) { m.Name = wire.Name(1) },
		"one more than all": func(*memberlist.Node) { fill(n.members) },
	} {
		m := good
		change(&m)
		if d.NotifyAlive(&m) == nil {
			t.Errorf("%s: it was taken", name)
		}
		n.members.leaveAll()
	}
	if got := n.Counters().BadMessages; got != 10 { // all but our own id
		t.Errorf("counted %d", got)
	}
}

// fill makes as many members as there may be.
func fill(m *members) {
	for id := range uint64(wire.MaxNodes) {
		m.join(id+10, &memberlist.Node{Name: wire.Name(id + 10)})
	}
}

func TestMembersThatAreGoneAreBounded(t *testing.T) {
	m := newMembers()
	for range 3 {
		fill(m)
		m.leaveAll()
	}
	for id := range uint64(3 * wire.MaxNodes) {
		m.join(id+10_000, &memberlist.Node{Name: wire.Name(id + 10_000)})
		m.leave(id + 10_000)
	}
	if got := len(m.shown()); got > 2*wire.MaxNodes {
		t.Fatalf("%d members are kept", got)
	}
}
