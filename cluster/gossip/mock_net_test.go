package gossip

import (
	"errors"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"
)

// mockNet is memberlist's mock network with faults. Packets are lost, repeated, delayed
// and so overtake each other; streams break. What is sent to a node that is not up, or
// is behind a cut, waits for nobody.
type mockNet struct {
	inner memberlist.MockNetwork
	stop  chan struct{}
	pumps sync.WaitGroup
	flies sync.WaitGroup // packets on their way

	mu     sync.Mutex // protects what follows
	rng    *rand.Rand
	faults mockFaults
	cut    func(from, to int) bool // between nodes; nil = none
	ports  map[string]*mockPort    // by address; not changed once nodes are up
}

// mockFaults are the chances of a packet or a stream, and the greatest delay of both.
type mockFaults struct {
	lose, repeat, breaks float64
	delay                time.Duration
}

// mockPort is an address of the network, which a node may listen on.
type mockPort struct {
	net   *mockNet
	inner *memberlist.MockTransport
	node  int // whose it is
	addr  string
	used  *mockEndpoint // by the node that is up; nil if there is none; protected by net.mu
}

// mockEndpoint is the transport of one run of a node.
type mockEndpoint struct {
	*memberlist.MockTransport
	port    *mockPort
	packets chan *memberlist.Packet
	streams chan net.Conn
}

var (
	_          memberlist.NodeAwareTransport = (*mockEndpoint)(nil)
	errMockNet                               = errors.New("nobody can be reached there")
)

func newMockNet(seed uint64) *mockNet {
	return &mockNet{rng: rand.New(rand.NewPCG(seed, 3)), stop: make(chan struct{}), ports: make(map[string]*mockPort)}
}

// add adds an address for a node.
func (n *mockNet) add(node int, name string) *mockPort {
	p := &mockPort{net: n, inner: n.inner.NewTransport(name), node: node}
	ip, port, err := p.inner.FinalAdvertiseAddr("", 0)
	if err != nil {
		panic(err) // it is memberlist's own
	}
	p.addr = (&net.TCPAddr{IP: ip, Port: port}).String()
	n.ports[p.addr] = p
	n.pumps.Go(p.pump)
	return p
}

// close ends the network; no node is up any more.
func (n *mockNet) close() {
	n.flies.Wait()
	close(n.stop)
	n.pumps.Wait()
}

// listen returns the transport for a node.
func (p *mockPort) listen() *mockEndpoint {
	t := &mockEndpoint{MockTransport: p.inner, port: p, packets: make(chan *memberlist.Packet, 256), streams: make(chan net.Conn, 64)}
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	p.used = t
	return t
}

// pump takes what arrives, so that no sender waits, and drops what nobody has room for.
func (p *mockPort) pump() {
	for {
		select {
		case packet := <-p.inner.PacketCh():
			if t := p.current(); t != nil {
				select {
				case t.packets <- packet:
				default:
				}
			}
		case conn := <-p.inner.StreamCh():
			p.accept(conn)
		case <-p.net.stop:
			return
		}
	}
}

func (p *mockPort) accept(conn net.Conn) {
	if t := p.current(); t != nil {
		select {
		case t.streams <- conn:
			return
		default:
		}
	}
	_ = conn.Close() // fails never
}

func (p *mockPort) current() *mockEndpoint {
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	return p.used
}

// fate is what becomes of a packet or a stream.
type fate struct {
	delays  []time.Duration // of each copy that arrives
	cut     bool            // no answer comes from there
	breaks  int             // bytes after which a stream breaks; negative = never
	unknown bool            // and its sender is not told
}

// fate decides what becomes of something that is sent.
func (n *mockNet) fate(from int, addr string) (f fate, to *mockPort) {
	n.mu.Lock()
	defer n.mu.Unlock()
	to = n.ports[addr]
	f.breaks = -1
	if to == nil {
		return f, nil
	}
	f.cut = n.cut != nil && n.cut(from, to.node)
	copies := 1
	switch x := n.rng.Float64(); {
	case f.cut || x < n.faults.lose:
		copies = 0
	case x < n.faults.lose+n.faults.repeat:
		copies = 2
	}
	for range copies {
		d := time.Duration(0)
		if n.faults.delay > 0 {
			d = time.Duration(n.rng.Int64N(int64(n.faults.delay)))
		}
		f.delays = append(f.delays, d)
	}
	if n.rng.Float64() < n.faults.breaks {
		f.breaks, f.unknown = n.rng.IntN(40<<10), n.rng.IntN(2) == 0
	}
	return f, to
}

// listens tells whether a node is up at an address.
func (n *mockNet) listens(p *mockPort) bool { return p.current() != nil }

// WriteToAddress sends a packet.
func (t *mockEndpoint) WriteToAddress(b []byte, a memberlist.Address) (time.Time, error) {
	n := t.port.net
	f, to := n.fate(t.port.node, a.Addr)
	if to == nil || t.port.current() != t {
		return time.Now(), nil // packets say nothing
	}
	for _, d := range f.delays {
		packet := slices.Clone(b)
		n.flies.Go(func() {
			<-time.After(d)
			// By address alone: a name would lead to where its node is now.
			_, _ = t.MockTransport.WriteToAddress(packet, memberlist.Address{Addr: to.addr}) // it is known
		})
	}
	return time.Now(), nil
}

// WriteTo sends a packet.
func (t *mockEndpoint) WriteTo(b []byte, addr string) (time.Time, error) {
	return t.WriteToAddress(b, memberlist.Address{Addr: addr})
}

// PacketCh has the packets that arrive.
func (t *mockEndpoint) PacketCh() <-chan *memberlist.Packet { return t.packets }

// StreamCh has the streams that others open.
func (t *mockEndpoint) StreamCh() <-chan net.Conn { return t.streams }

// DialAddressTimeout opens a stream. Both directions have to be open for that.
func (t *mockEndpoint) DialAddressTimeout(a memberlist.Address, timeout time.Duration) (net.Conn, error) {
	n := t.port.net
	f, to := n.fate(t.port.node, a.Addr)
	if to == nil || t.port.current() != t {
		return nil, errMockNet
	}
	if back, _ := n.fate(to.node, t.port.addr); f.cut || back.cut {
		<-time.After(timeout)
		return nil, errMockNet
	}
	for _, d := range f.delays { // what is lost is sent again, and what comes twice is dropped
		<-time.After(d)
	}
	if !n.listens(to) {
		return nil, errMockNet
	}
	conn, err := t.MockTransport.DialAddressTimeout(memberlist.Address{Addr: to.addr}, timeout)
	if err != nil || f.breaks < 0 {
		return conn, err
	}
	return &frailConn{Conn: conn, left: f.breaks, unknown: f.unknown}, nil
}

// DialTimeout opens a stream.
func (t *mockEndpoint) DialTimeout(addr string, timeout time.Duration) (net.Conn, error) {
	return t.DialAddressTimeout(memberlist.Address{Addr: addr}, timeout)
}

// Shutdown ends listening.
func (t *mockEndpoint) Shutdown() error {
	t.port.net.mu.Lock()
	if t.port.used == t {
		t.port.used = nil
	}
	t.port.net.mu.Unlock()
	for {
		select {
		case conn := <-t.streams:
			_ = conn.Close() // fails never
		default:
			return nil
		}
	}
}

// frailConn breaks after some bytes.
type frailConn struct {
	net.Conn
	unknown bool // its writer is not told

	mu   sync.Mutex
	left int // bytes; protected by mu
}

func (c *frailConn) Write(b []byte) (int, error) {
	c.mu.Lock()
	n := min(len(b), c.left)
	c.left -= n
	c.mu.Unlock()
	written, err := c.Conn.Write(b[:n])
	if err != nil || n == len(b) {
		return written, err
	}
	_ = c.Close() // fails never
	if c.unknown {
		return len(b), nil
	}
	return written, errMockNet
}
