package gossip

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
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
	inner   memberlist.NodeAwareTransport
	dial    func(ctx context.Context, a memberlist.Address, timeout time.Duration) (net.Conn, error)
	limits  *inbound
	times   times
	address func(ip string, port int) (net.IP, int, error)

	stop chan struct{}
	wg   sync.WaitGroup

	mu   sync.Mutex
	view *view // of the membership of now, nil if there is none; protected by mu
}

// errDown is returned for sending while this node is no member.
var errDown = errors.New("this node is not connected to its sync group")

// newHub listens. Close it.
func newHub(o Options, times times, count *tally, notices *rarely, bridge *logBridge) (*hub, error) {
	h := &hub{times: times, stop: make(chan struct{}), limits: newInbound(count, notices, o.Logger)}
	if o.Transport != nil {
		h.inner, h.address = o.Transport, o.Transport.FinalAdvertiseAddr
		h.dial = func(_ context.Context, a memberlist.Address, timeout time.Duration) (net.Conn, error) {
			return o.Transport.DialAddressTimeout(a, timeout)
		}
	} else if err := h.listen(o, bridge); err != nil {
		return nil, err
	}
	h.wg.Go(h.streams)
	h.wg.Go(h.packets)
	return h, nil
}

// listen makes the transport of real networks.
func (h *hub) listen(o Options, bridge *logBridge) error {
	ctx := context.Background()
	bind, err := ownIP(ctx, "listen on", o.BindAddr)
	if err != nil {
		return err
	}
	inner, err := listenOn(bind.String(), o.BindPort, bridge)
	if err != nil {
		return err
	}
	ip, port := bind.AsSlice(), inner.GetAutoBindPort()
	switch {
	case o.AdvertiseAddr != "":
		advertised, lookupErr := ownIP(ctx, "advertise to other nodes", o.AdvertiseAddr)
		ip, err = advertised.AsSlice(), lookupErr
		if err == nil && advertised.IsUnspecified() {
			err = fmt.Errorf("gossip: the address to advertise to other nodes is %s: give one that they can connect to", advertised)
		}
	case bind.Is4() && bind.IsUnspecified():
		ip, _, err = inner.FinalAdvertiseAddr("", 0) // a private one of this machine
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
	h.address = func(string, int) (net.IP, int, error) { return ip, port, nil }
	return nil
}

// bindTries is how often a port is asked for that is free for TCP and for UDP.
const bindTries = 10

func listenOn(ip string, port int, bridge *logBridge) (*memberlist.NetTransport, error) {
	for try := 1; ; try++ {
		t, err := memberlist.NewNetTransport(&memberlist.NetTransportConfig{
			BindAddrs: []string{ip}, BindPort: port, Logger: slog.NewLogLogger(bridge, slog.LevelInfo),
		})
		switch {
		case err == nil:
			return t, nil
		case port == 0 && try < bindTries:
		case port != 0 && strings.Contains(err.Error(), "address already in use"): // memberlist wraps nothing
			return nil, fmt.Errorf("gossip: Gossipport %d of %s is in use, for TCP or UDP: choose another one, or 0 for a free one: %w", port, ip, err)
		default:
			return nil, fmt.Errorf("gossip: Gossipport %d of %s: %w", port, ip, err)
		}
	}
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
	if v == nil || !h.limits.admit(c) {
		_ = c.Close()
		return
	}
	frames := newFrameConn(c, h.limits)
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
			if v := h.current(); v != nil {
				select {
				case v.packetCh <- p:
				case <-v.ctx.Done():
				}
			}
		case <-h.stop:
			return
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
