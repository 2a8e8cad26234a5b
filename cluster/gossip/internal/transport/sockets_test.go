package transport

import (
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"testing"

	"github.com/hashicorp/memberlist"
)

// A port that is taken for UDP is not opened, and is not kept for TCP. Somebody else may
// take it for TCP meanwhile, but not each of several.
func TestAPortThatIsTakenForUDPOnly(t *testing.T) {
	t.Parallel()
	for range 20 {
		if isFreeAfterwards(t) {
			return
		}
	}
	t.Fatal("TCP stays open")
}

func isFreeAfterwards(t *testing.T) bool {
	t.Helper()
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close() //nolint:errcheck // nothing was sent
	port := udp.LocalAddr().(*net.UDPAddr).Port
	if _, err := openSockets(netip.MustParseAddr("127.0.0.1"), port, NewNotices(slog.New(slog.DiscardHandler))); err == nil {
		t.Fatal("it was opened")
	}
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	if err == nil {
		_ = l.Close()
	}
	return err == nil
}

func TestSocketsThatNobodyTakesFromCanBeClosed(t *testing.T) {
	t.Parallel()
	s, err := openSockets(netip.MustParseAddr("127.0.0.1"), 0, NewNotices(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port()))
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // nothing was sent
	if _, err := s.WriteToAddress([]byte("x"), memberlist.Address{Addr: address}); err != nil {
		t.Fatal(err)
	}
	if err := s.Shutdown(); err != nil {
		t.Fatal(err)
	}
}
