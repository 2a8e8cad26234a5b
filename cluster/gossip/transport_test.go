package gossip

import (
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"
)

func TestConnectionsOverTheLimitAreClosed(t *testing.T) {
	t.Parallel()
	n := startNode(t, options(t, 1, nil))
	var conns []net.Conn
	for range maxStreamsFrom {
		c, err := net.Dial("tcp", n.Address())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close() //nolint:errcheck // nothing was sent
		conns = append(conns, c)
	}
	until(t, "all are held", func() bool { return n.port.limits.streams() == maxStreamsFrom })
	c, err := net.Dial("tcp", n.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // nothing was sent
	_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := c.Read(make([]byte, 1)); err == nil || strings.Contains(err.Error(), "timeout") {
		t.Fatalf("one too many was not closed: %v", err)
	}
	if got := n.totals().Refused; got != 1 {
		t.Fatalf("refused: %d", got)
	}
	for _, c := range conns {
		_ = c.Close()
	}
	until(t, "there is room again", func() bool { return n.port.limits.streams() == 0 })
	meetAll(t, n, startNode(t, options(t, 2, seedsOf(n.Address()))))
}

// streams returns how many connections there are.
func (l *inbound) streams() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.members.streams + l.unknown.streams
}

// TestAStoppedPeerHoldsNobodyUp has a peer that takes connections and reads nothing.
func TestAStoppedPeerHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // nothing was sent
	o := options(t, 1, nil)
	o.Tune = func(c *memberlist.Config) { quick(c); c.ProbeInterval = time.Hour }
	n := startNode(t, o)
	n.port.o.Stream = 500 * time.Millisecond
	addr := l.Addr().(*net.TCPAddr)
	n.members.join(2, &memberlist.Node{Name: idString(2), Addr: addr.IP, Port: uint16(addr.Port)})
	begun := time.Now()
	if err := n.Send(2, make([]byte, 16<<20)); err == nil || !strings.Contains(err.Error(), "timeout") {
		t.Fatalf("error: %v", err)
	}
	if took := time.Since(begun); took > 10*time.Second {
		t.Fatalf("it took %v", took)
	}
	if p := n.peer(2); !strings.Contains(p.LastError, "timeout") {
		t.Fatalf("status %+v", p)
	}
	// Nor does it hold up the end, when a message is on its way.
	n.port.o.Stream = time.Hour
	sent := make(chan error, 1)
	go func() { sent <- n.Send(2, make([]byte, 16<<20)) }()
	until(t, "it is being sent", func() bool {
		_, d := n.membership()
		return d != nil && n.port.current().open() > 0
	})
	n.close(t)
	if err := <-sent; err == nil {
		t.Fatal("it was sent")
	}
}

// open returns how many connections there are.
func (t *attachment) open() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.conns)
}

func TestADialThatNobodyAnswersEndsWithTheNode(t *testing.T) {
	t.Parallel()
	o := options(t, 1, nil)
	n := startNode(t, o)
	v := n.port.current()
	n.close(t)
	if _, err := v.DialTimeout("127.0.0.1:"+strconv.Itoa(freePort(t)), time.Minute); err == nil || err.Error() != errDown.Error() {
		t.Fatalf("error: %v", err)
	}
	if _, err := v.WriteTo([]byte("x"), "127.0.0.1:1"); err == nil {
		t.Fatal("a packet was sent")
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
	m := &mockTransport{MockTransport: network.NewTransport(idString(id))}
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
