package transport

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/memberlist"
)

// Options say where to listen. BindAddr, Dial, Stream, Known and Logger are required.
type Options struct {
	BindAddr, AdvertiseAddr string // an IP address, or a name that has one
	BindPort, AdvertisePort int
	Dial                    time.Duration            // to connect
	Stream                  time.Duration            // for all use of a connection
	Known                   func(ip netip.Addr) bool // tells whether it is that of a member
	Logger                  *slog.Logger
	// Transport replaces the network, for tests.
	Transport memberlist.NodeAwareTransport
}

// Port is the port of a node. It outlives a membership: a node that was removed from
// its group gives up one and begins another, on the same port. What arrives between two
// memberships is dropped.
//
// It bounds what others can make this node hold: see inbound.
type Port struct {
	o       Options
	inner   listener
	dial    func(ctx context.Context, a memberlist.Address, timeout time.Duration) (net.Conn, error)
	limits  *inbound
	Count   *Tally
	Notices *Notices
	ip      net.IP // what others connect to
	port    int

	stop chan struct{}
	wg   sync.WaitGroup

	attached atomic.Pointer[attachment] // of the membership of now, nil if there is none
}

// listener is what a port takes things from: sockets, or a part of portOptions.Transport.
type listener interface {
	PacketCh() <-chan *memberlist.Packet
	StreamCh() <-chan net.Conn
	WriteToAddress(b []byte, a memberlist.Address) (time.Time, error)
	Shutdown() error
}

// ErrDown is returned for sending while this node is no member.
var ErrDown = errors.New("this node is not connected to its sync group")

// Listen opens a port. Close it.
func Listen(o Options) (*Port, error) {
	p := &Port{o: o, Count: &Tally{}, Notices: NewNotices(o.Logger), stop: make(chan struct{})}
	p.limits = newInbound(p.Count, p.Notices, o.Known)
	open := p.openSockets
	if o.Transport != nil {
		open = p.useTransport
	}
	if err := open(); err != nil {
		return nil, err
	}
	p.wg.Go(func() { handOn(p.inner.StreamCh(), p.accept, p.stop) })
	p.wg.Go(func() { handOn(p.inner.PacketCh(), p.pass, p.stop) })
	return p, nil
}

func (p *Port) useTransport() (err error) {
	t := p.o.Transport
	p.inner = t
	p.dial = func(_ context.Context, a memberlist.Address, timeout time.Duration) (net.Conn, error) {
		return t.DialAddressTimeout(a, timeout)
	}
	p.ip, p.port, err = t.FinalAdvertiseAddr(p.o.AdvertiseAddr, p.o.AdvertisePort)
	if err != nil {
		err = errors.Join(err, t.Shutdown())
	}
	return err
}

func (p *Port) openSockets() error {
	o := p.o
	ctx := context.Background()
	bind, err := ownIP(ctx, "listen on", o.BindAddr)
	if err != nil {
		return err
	}
	inner, err := openSockets(bind, o.BindPort, p.Notices)
	if err != nil {
		return err
	}
	ip := bind
	switch {
	case o.AdvertiseAddr != "":
		ip, err = ownIP(ctx, "advertise to other nodes", o.AdvertiseAddr)
		if err == nil && ip.IsUnspecified() {
			err = fmt.Errorf("gossip: the address to advertise to other nodes is %s: give one that they can connect to", ip)
		}
	case bind.Is4() && bind.IsUnspecified():
		ip, err = privateIP()
		if err != nil {
			err = fmt.Errorf("gossip: data sync listens on all addresses, and which of them to advertise to other nodes is not clear: set it: %w", err)
		}
	case bind.IsUnspecified():
		err = errors.New("gossip: data sync listens on all addresses, ::, and which of them to advertise to other nodes is not clear: set it")
	}
	if err != nil {
		return errors.Join(err, inner.Shutdown())
	}
	p.inner, p.dial = inner, dialTCP
	p.ip, p.port = ip.AsSlice(), cmp.Or(o.AdvertisePort, inner.port())
	return nil
}

// Address returns what others connect to, IP:PORT.
func (p *Port) Address() string { return net.JoinHostPort(p.ip.String(), strconv.Itoa(p.port)) }

func dialTCP(ctx context.Context, addr memberlist.Address, timeout time.Duration) (net.Conn, error) {
	d := net.Dialer{Timeout: timeout}
	return d.DialContext(ctx, "tcp", addr.Addr)
}

// Close stops listening and waits. No membership may be attached any more.
func (p *Port) Close() error {
	err := p.inner.Shutdown() // what it has in hand is taken from it meanwhile
	close(p.stop)
	p.wg.Wait()
	return err
}

// handOn gives what arrives to f until stop is closed.
func handOn[T any](from <-chan T, f func(T), stop <-chan struct{}) {
	for {
		select {
		case v := <-from:
			f(v)
		case <-stop:
			return
		}
	}
}

func (p *Port) accept(c net.Conn) {
	a := p.attached.Load()
	if a == nil {
		_ = c.Close()
		return
	}
	from := p.limits.sourceOf(c)
	if !p.limits.admit(from) {
		_ = c.Close()
		return
	}
	frames := newAcceptedConn(c, p.limits, from)
	if a.track(&frames.conn) != nil {
		_ = frames.Close()
		return
	}
	select {
	case a.streamCh <- frames:
	case <-a.ctx.Done():
		_ = frames.Close()
	}
}

func (p *Port) pass(packet *memberlist.Packet) {
	if badPacket(packet.Buf) {
		p.limits.badFrame("a packet of data sync has another version of the encryption, and was dropped", "version", packet.From)
		return
	}
	if a := p.attached.Load(); a != nil {
		select {
		case a.packetCh <- packet:
		case <-a.ctx.Done():
		}
	}
}

// Attach returns the transport of a new membership; the one before has been shut down.
func (p *Port) Attach() *attachment {
	a := &attachment{at: p, packetCh: make(chan *memberlist.Packet), streamCh: make(chan net.Conn), conns: make(map[*conn]struct{})}
	a.ctx, a.cancel = context.WithCancel(context.Background())
	p.attached.Store(a)
	return a
}
