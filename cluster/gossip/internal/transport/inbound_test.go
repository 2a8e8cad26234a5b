package transport

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"time"
)

// fromIP is a connection from an address.
type fromIP struct {
	net.Conn
	ip string
}

func (c fromIP) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(c.ip), 1))
}

// testInbound has one member, at 10.0.0.1 and 2001:db8::1.
func testInbound(t *testing.T) (l *inbound, from func(ip string) source) {
	t.Helper()
	l = newInbound(&Tally{}, NewNotices(slog.New(slog.DiscardHandler)), func(ip netip.Addr) bool {
		return ip.String() == "10.0.0.1" || ip.String() == "2001:db8::1"
	})
	return l, func(ip string) source { return l.sourceOf(fromIP{ip: ip}) }
}

func TestSourcesOfConnections(t *testing.T) {
	l, from := testInbound(t)
	for _, tc := range []struct {
		ip, net string
		member  bool
	}{
		{"10.0.0.1", "10.0.0.1/32", true},
		{"::ffff:10.0.0.1", "10.0.0.1/32", true},
		{"10.0.0.2", "10.0.0.2/32", false},
		{"2001:db8::1", "2001:db8::1/128", true},
		{"2001:db8::2:0:0:3", "2001:db8::/64", false},
		{"fe80::1%eth0", "fe80::/64", false},
	} {
		if got := from(tc.ip); got.net.String() != tc.net || got.member != tc.member {
			t.Errorf("%s: %+v", tc.ip, got)
		}
	}
	a, b := net.Pipe()
	defer a.Close() //nolint:errcheck // nothing was sent
	defer b.Close() //nolint:errcheck // nothing was sent
	if got := l.sourceOf(a); got != (source{}) {
		t.Errorf("without an address: %+v", got)
	}
}

func TestWhatIsReceivedAtATimeIsBounded(t *testing.T) {
	l, from := testInbound(t)
	for i, step := range []struct {
		ip   string
		n    int64
		want bool
	}{
		{"192.0.2.1", maxUnreadFrom, true},
		{"192.0.2.1", 1, false},
		{"2001:db8::5", maxUnreadFrom - 1, true},
		{"2001:db8::6", 2, false}, // of the same network
		{"192.0.2.2", 2, false},   // all strangers
		{"192.0.2.2", 1, true},
		{"10.0.0.1", maxUnreadMembers - 1, true},
		{"2001:db8::1", 2, false}, // all members
		{"2001:db8::1", 1, true},
	} {
		s := from(step.ip)
		if l.bySource[s] == nil && !l.admit(s) {
			t.Fatalf("step %d: not admitted", i)
		}
		if got := l.take(s, step.n); got != step.want {
			t.Errorf("step %d, %v: %v", i, step, got)
		}
	}
	if got := l.count.Refused.Load(); got != 4 {
		t.Errorf("refused %d", got)
	}
	// Each connection gives back what was taken for it, and no more.
	one := from("192.0.2.1")
	if !l.admit(one) {
		t.Fatal("a second connection was not admitted")
	}
	l.release(one, maxUnreadFrom-5)
	if !l.take(one, maxUnreadFrom-5) || l.take(one, 1) {
		t.Error("of a source: the bytes of the connection that has ended")
	}
	for ip, n := range map[string]int64{"192.0.2.1": maxUnreadFrom, "2001:db8::5": maxUnreadFrom - 1, "192.0.2.2": 1, "10.0.0.1": maxUnreadMembers - 1, "2001:db8::1": 1} {
		l.release(from(ip), n)
	}
	if l.members != (usage{}) || l.unknown != (usage{}) || len(l.bySource) != 0 {
		t.Errorf("what is left: %+v, %+v, %d sources", l.members, l.unknown, len(l.bySource))
	}
}

func TestStrangersLeaveRoomForMembers(t *testing.T) {
	l, from := testInbound(t)
	admitted := 0
	for i := range 2 * maxStreams {
		if l.admit(from(fmt.Sprintf("192.0.2.%d", i%100))) {
			admitted++
		}
	}
	if admitted != maxStreamsUnknown {
		t.Errorf("%d strangers", admitted)
	}
	for i := range maxStreamsFrom {
		if !l.admit(from("10.0.0.1")) {
			t.Fatalf("connection %d of a member was refused", i)
		}
	}
	if l.admit(from("10.0.0.1")) || l.admit(from("2001:db8::1")) {
		t.Error("one more than there may be")
	}
}

// deadlines notes the deadline for reading.
type deadlines struct {
	net.Conn
	read time.Time
}

func (c *deadlines) SetReadDeadline(t time.Time) error {
	c.read = t
	return nil
}

func (c *deadlines) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

func (c *deadlines) SetWriteDeadline(time.Time) error { return nil }

func (c *deadlines) Read(b []byte) (int, error) {
	b[0] = 'x'
	return 1, nil
}

func TestTheDeadlineOfAHead(t *testing.T) {
	for _, member := range []bool{false, true} {
		l, _ := testInbound(t)
		conn := &deadlines{}
		c := newAcceptedConn(conn, l, source{member: member})
		late := c.begun.Add(time.Hour)
		if err := c.SetDeadline(late); err != nil {
			t.Fatal(err)
		}
		early := c.begun.Add(headWithin)
		if member {
			early = late
		}
		for i := range headVersion + 1 {
			if !conn.read.Equal(early) {
				t.Fatalf("member %v, byte %d: %v", member, i, conn.read.Sub(c.begun))
			}
			if _, err := c.Read(make([]byte, 8)); err != nil {
				t.Fatal(err)
			}
		}
		if !conn.read.Equal(late) {
			t.Fatalf("member %v, with the head: %v", member, conn.read.Sub(c.begun))
		}
		soon := c.begun.Add(time.Minute)
		if err := c.SetDeadline(soon); err != nil || !conn.read.Equal(soon) {
			t.Fatalf("member %v, later: %v, %v", member, conn.read.Sub(c.begun), err)
		}
	}
}

// Values of 16 MiB from several members arrive at the same time.
func TestLargeValuesFromSeveralMembers(t *testing.T) {
	t.Parallel()
	l, from := testInbound(t)
	for range 7 {
		s := from("10.0.0.1")
		if !l.admit(s) || !l.take(s, 16<<20) {
			t.Fatal("a value of a member was refused")
		}
	}
}
