package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/memberlist"

	"owlcache/cluster"
)

// sockets for TCP and UDP on one port. Those of IPv4, also of 0.0.0.0, have no IPv6.
type sockets struct {
	network  string // of udp
	tcp      *net.TCPListener
	udp      *net.UDPConn
	streamCh chan net.Conn
	packetCh chan *memberlist.Packet
	notices  *Notices
	ctx      context.Context // of what reads
	stop     context.CancelFunc
	wg       sync.WaitGroup
}

const (
	bindTries  = 10      // how often a port is asked for that is free for TCP and for UDP
	packetSize = 1 << 16 // the longest one
	udpBuffer  = 2 << 20 // of the system
)

// openSockets listens; port 0 is a free one. Somebody has to take what arrives.
func openSockets(ip netip.Addr, port int, notices *Notices) (*sockets, error) {
	s := &sockets{streamCh: make(chan net.Conn), packetCh: make(chan *memberlist.Packet), notices: notices}
	for try := 1; ; try++ {
		err := s.bind(ip, uint16(port))
		switch {
		case err == nil:
			s.ctx, s.stop = context.WithCancel(context.Background())
			s.wg.Go(s.accept)
			s.wg.Go(s.receive)
			return s, nil
		case port == 0 && try < bindTries:
		case errors.Is(err, syscall.EADDRINUSE):
			return nil, fmt.Errorf("gossip: Gossipport %d of %s is in use, for TCP or UDP: choose another one, or 0 for a free one: %w", port, ip, err)
		default:
			return nil, fmt.Errorf("gossip: Gossipport %d of %s: %w", port, ip, err)
		}
	}
}

func (s *sockets) bind(ip netip.Addr, port uint16) (err error) {
	family := ""
	if ip.Is4() {
		family = "4"
	}
	s.network = "udp" + family
	if s.tcp, err = net.ListenTCP("tcp"+family, net.TCPAddrFromAddrPort(netip.AddrPortFrom(ip, port))); err != nil {
		return err
	}
	if s.udp, err = net.ListenUDP(s.network, net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, uint16(s.port())))); err != nil {
		return errors.Join(err, s.tcp.Close())
	}
	_ = s.udp.SetReadBuffer(udpBuffer) // it goes without, too
	return nil
}

func (s *sockets) port() int { return s.tcp.Addr().(*net.TCPAddr).Port }

func (s *sockets) PacketCh() <-chan *memberlist.Packet { return s.packetCh }
func (s *sockets) StreamCh() <-chan net.Conn           { return s.streamCh }

func (s *sockets) WriteToAddress(b []byte, a memberlist.Address) (time.Time, error) {
	addr, err := net.ResolveUDPAddr(s.network, a.Addr)
	if err != nil {
		return time.Time{}, err
	}
	_, err = s.udp.WriteTo(b, addr)
	return time.Now(), err
}

// Shutdown closes the sockets and waits for what reads from them.
func (s *sockets) Shutdown() error {
	s.stop()
	err := errors.Join(s.tcp.Close(), s.udp.Close())
	s.wg.Wait()
	return err
}

func (s *sockets) accept() {
	for {
		c, err := s.tcp.AcceptTCP()
		if err != nil {
			if !s.goOn("a connection to the port of data sync could not be taken", err) {
				return
			}
			continue
		}
		select {
		case s.streamCh <- c:
		case <-s.ctx.Done():
			_ = c.Close()
			return
		}
	}
}

func (s *sockets) receive() {
	buf := make([]byte, packetSize)
	for {
		n, from, err := s.udp.ReadFrom(buf)
		if err != nil {
			if !s.goOn("a packet to the port of data sync could not be read", err) {
				return
			}
			continue
		}
		select {
		case s.packetCh <- &memberlist.Packet{Buf: bytes.Clone(buf[:n]), From: from, Timestamp: time.Now()}:
		case <-s.ctx.Done():
			return
		}
	}
}

const errorPause = 50 * time.Millisecond

// goOn tells, after an error, whether to go on.
func (s *sockets) goOn(what string, err error) bool {
	if errors.Is(err, net.ErrClosed) {
		return false
	}
	s.notices.Warn(what, what, "error", err)
	return cluster.Pause(s.ctx, errorPause)
}

// privateIP returns the IPv4 address with which this machine reaches others, if it is
// private. Nothing is sent.
func privateIP() (netip.Addr, error) {
	c, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(netip.MustParseAddrPort("192.0.2.1:9")))
	if err != nil {
		return netip.Addr{}, err
	}
	defer c.Close() //nolint:errcheck // nothing was sent
	ip := c.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
	if shared := netip.MustParsePrefix("100.64.0.0/10"); !ip.IsPrivate() && !shared.Contains(ip) {
		return netip.Addr{}, fmt.Errorf("%s is no private address", ip)
	}
	return ip, nil
}
