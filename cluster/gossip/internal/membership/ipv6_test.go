package membership

import (
	"net"
	"net/netip"
	"testing"
)

func TestAllIPv4AddressesAreNoneOfIPv6(t *testing.T) {
	t.Parallel()
	if l, err := net.ListenTCP("tcp6", &net.TCPAddr{IP: net.IPv6loopback}); err != nil {
		t.Skip("there is no IPv6")
	} else {
		_ = l.Close()
	}
	o := options(t, 1, nil)
	o.Port.BindAddr, o.Port.AdvertiseAddr = "0.0.0.0", "127.0.0.1"
	a := startNode(t, o)
	own := netip.MustParseAddrPort(a.Address())
	there := netip.AddrPortFrom(netip.IPv6Loopback(), own.Port())
	tcp, err := net.ListenTCP("tcp6", net.TCPAddrFromAddrPort(there))
	if err != nil {
		t.Fatalf("TCP: %v", err)
	}
	defer tcp.Close() //nolint:errcheck // nothing was sent
	udp, err := net.ListenUDP("udp6", net.UDPAddrFromAddrPort(there))
	if err != nil {
		t.Fatalf("UDP: %v", err)
	}
	defer udp.Close() //nolint:errcheck // nothing was sent
	meetAll(t, a, startNode(t, options(t, 2, seedsOf(a.Address()))))
}

func TestNodesMeetOverIPv6(t *testing.T) {
	t.Parallel()
	o := options(t, 1, nil)
	o.Port.BindAddr = "::1"
	if l, err := net.ListenTCP("tcp6", &net.TCPAddr{IP: net.IPv6loopback}); err != nil {
		t.Skip("there is no IPv6")
	} else {
		_ = l.Close()
	}
	a := startNode(t, o)
	o = options(t, 2, seedsOf(a.Address()))
	o.Port.BindAddr = "::1"
	b := startNode(t, o)
	meetAll(t, a, b)
	until(t, "packets get through", func() bool {
		_, d := a.current()
		return d.acks.Load() > 0
	})
}
