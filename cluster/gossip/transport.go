package gossip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"
)

// hub is the listener of a node. It outlives a membership: a node that was removed from
// its group gives up one and begins another, on the same port. What arrives between two
// memberships is dropped.
//
// It bounds what others can make this node hold: see inbound.
type hub struct {
	inner   listener
	dial    func(ctx context.Context, a memberlist.Address, timeout time.Duration) (net.Conn, error)
	limits  *inbound
	times   times
	address func(ip string, port int) (net.IP, int, error)

	stop chan struct{}
	wg   sync.WaitGroup

	mu   sync.Mutex
	view *view // of the membership of now, nil if there is none; protected by mu
}

// listener is what a hub takes things from: sockets, or a part of Options.Transport.
type listener interface {
	PacketCh() <-chan *memberlist.Packet
	StreamCh() <-chan net.Conn
	WriteToAddress(b []byte, a memberlist.Address) (time.Time, error)
	Shutdown() error
}

// errDown is returned for sending while this node is no member.
var errDown = errors.New("this node is not connected to its sync group")

// newHub listens. Close it.
func newHub(o Options, times times, limits *inbound) (*hub, error) {
	h := &hub{times: times, stop: make(chan struct{}), limits: limits}
	if o.Transport != nil {
		h.inner, h.address = o.Transport, o.Transport.FinalAdvertiseAddr
		h.dial = func(_ context.Context, a memberlist.Address, timeout time.Duration) (net.Conn, error) {
			return o.Transport.DialAddressTimeout(a, timeout)
		}
	} else if err := h.listen(o); err != nil {
		return nil, err
	}
	h.wg.Go(h.streams)
	h.wg.Go(h.packets)
	return h, nil
}

// listen makes the transport of real networks.
func (h *hub) listen(o Options) error {
	ctx := context.Background()
	bind, err := ownIP(ctx, "listen on", o.BindAddr)
	if err != nil {
		return err
	}
	inner, err := openSockets(bind, o.BindPort, h.limits.notices, o.Logger)
	if err != nil {
		return err
	}
	ip, port := bind, inner.port()
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
	if o.AdvertisePort != 0 {
		port = o.AdvertisePort
	}
	h.inner, h.dial = inner, dialTCP
	h.address = func(string, int) (net.IP, int, error) { return ip.AsSlice(), port, nil }
	return nil
}

func dialTCP(ctx context.Context, a memberlist.Address, timeout time.Duration) (net.Conn, error) {
	d := net.Dialer{Timeout: timeout}
	return d.DialContext(ctx, "tcp", a.Addr)
}

// close stops listening and waits. No view may be attached any more.
func (h *hub) close() error {
	err := h.inner.Shutdown() // what it has in hand is taken from it meanwhile
	close(h.stop)
	h.wg.Wait()
	return err
}

// streams hands connections on to the membership of now.
func (h *hub) streams() {
	for {
		select {
		case c := <-h.inner.StreamCh():
			h.accept(c)
		case <-h.stop:
			return
		}
	}
}

func (h *hub) accept(c net.Conn) {
	v := h.current()
	if v == nil {
		_ = c.Close()
		return
	}
	from := h.limits.sourceOf(c)
	if !h.limits.admit(from) {
		_ = c.Close()
		return
	}
	frames := newFrameConn(c, h.limits, from)
	if v.track(frames) != nil {
		_ = frames.Close()
		return
	}
	select {
	case v.streamCh <- frames:
	case <-v.ctx.Done():
		_ = frames.Close()
	}
}

// packets hands packets on to the membership of now.
func (h *hub) packets() {
	for {
		select {
		case p := <-h.inner.PacketCh():
			h.pass(p)
		case <-h.stop:
			return
		}
	}
}

func (h *hub) pass(p *memberlist.Packet) {
	if badPacket(p.Buf) {
		h.limits.badFrame("a packet of data sync has another version of the encryption, and was dropped", "version", p.From)
		return
	}
	if v := h.current(); v != nil {
		select {
		case v.packetCh <- p:
		case <-v.ctx.Done():
		}
	}
}

func (h *hub) current() *view {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.view
}

// attach returns the transport of a new membership; the one before has been shut down.
func (h *hub) attach() *view {
	v := &view{hub: h, packetCh: make(chan *memberlist.Packet), streamCh: make(chan net.Conn), conns: make(map[closer]struct{})}
	v.ctx, v.cancel = context.WithCancel(context.Background())
	h.mu.Lock()
	defer h.mu.Unlock()
	h.view = v
	return v
}

func (h *hub) detach(v *view) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.view == v {
		h.view = nil
	}
}
