package membership

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"

	"owlcache/cluster/gossip/internal/wire"
)

// stoppedPeer takes connections and reads nothing, but for so much that begun knows that a
// message of 16 MiB is being sent.
func stoppedPeer(t *testing.T) (addr *net.TCPAddr, begun <-chan struct{}) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	sending, stop := make(chan struct{}, 1), make(chan struct{})
	var serving sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		close(stop)
		serving.Wait()
	})
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer c.Close() //nolint:errcheck // nothing was sent
				if _, err := io.CopyN(io.Discard, c, 1<<20); err == nil {
					sending <- struct{}{}
				}
				<-stop
			})
		}
	})
	return l.Addr().(*net.TCPAddr), sending
}

// TestAStoppedPeerHoldsNobodyUp has a peer that takes connections and reads nothing.
func TestAStoppedPeerHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	start := func(id uint64, stream time.Duration, addr *net.TCPAddr) *testNode {
		o := options(t, id, nil)
		o.Port.Stream = stream
		o.Tune = func(c *memberlist.Config) { quick(c); c.ProbeInterval = time.Hour }
		n := startNode(t, o)
		n.members.join(2, &memberlist.Node{Name: wire.Name(2), Addr: addr.IP, Port: uint16(addr.Port)})
		return n
	}
	addr, _ := stoppedPeer(t)
	n := start(1, 500*time.Millisecond, addr)
	if err := n.Send(2, make([]byte, 16<<20)); err == nil || !strings.Contains(err.Error(), "timeout") {
		t.Fatalf("error: %v", err)
	}
	if p := n.peer(2); !strings.Contains(p.LastError, "timeout") {
		t.Fatalf("status %+v", p)
	}
	// Nor does it hold up the end, when a message is on its way.
	addr, begun := stoppedPeer(t)
	n = start(3, time.Hour, addr)
	sent := make(chan error, 1)
	go func() { sent <- n.Send(2, make([]byte, 16<<20)) }()
	<-begun
	n.close(t)
	if err := <-sent; err == nil {
		t.Fatal("it was sent")
	}
}

// dialFrom connects to a node from a loopback address.
func dialFrom(t *testing.T, ip string, n *testNode) net.Conn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}}
	c, err := d.Dial("tcp", n.Address())
	if err != nil {
		t.Skipf("no connection from %s: %v", ip, err) // not all systems have all of 127.0.0.0/8
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestMembersGetThroughWhenStrangersTakeAll(t *testing.T) {
	t.Parallel()
	a := startNode(t, options(t, 1, nil))
	b := startNode(t, options(t, 2, seedsOf(a.Address())))
	meetAll(t, a, b)
	for i := range 256 {
		dialFrom(t, fmt.Sprintf("127.0.1.%d", 1+i%8), a)
	}
	until(t, "strangers have all that they get", func() bool { return a.Counters().Refused > 0 })
	for i := range 20 {
		msg := fmt.Sprint("message ", i)
		if err := b.Send(1, []byte(msg)); err != nil {
			t.Fatal(err)
		}
		until(t, msg+" is there", func() bool { return a.fake.has(&a.fake.msgs, msg) })
	}
}

func TestTheMockNetworkOfMemberlistWorks(t *testing.T) {
	t.Parallel()
	network := new(memberlist.MockNetwork)
	oa, ob := options(t, 1, nil), options(t, 2, seedsOf("127.0.0.1:1"))
	oa.Port.Transport, ob.Port.Transport = newMockTransport(t, network, 1), newMockTransport(t, network, 2)
	a, b := startNode(t, oa), startNode(t, ob)
	meetAll(t, a, b)
	if err := b.Send(1, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	until(t, "the message is there", func() bool { return a.fake.has(&a.fake.msgs, "hello") })
}

// mockTransport is one of memberlist's mock network that does not hold up the others when
// its node has been closed.
type mockTransport struct {
	*memberlist.MockTransport
	down func()
}

func newMockTransport(t *testing.T, network *memberlist.MockNetwork, id uint64) *mockTransport {
	m := &mockTransport{MockTransport: network.NewTransport(wire.Name(id))}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	t.Cleanup(func() { close(stop); wg.Wait() })
	m.down = sync.OnceFunc(func() {
		wg.Go(func() {
			for {
				select {
				case c := <-m.StreamCh():
					_ = c.Close()
				case <-m.PacketCh():
				case <-stop:
					return
				}
			}
		})
	})
	return m
}

func (m *mockTransport) Shutdown() error {
	m.down()
	return nil
}
