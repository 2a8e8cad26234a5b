package urlcache

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// testDialer is a dialer for h.test:80, which has these addresses.
func testDialer(connect func(ctx context.Context, addr netip.AddrPort) (net.Conn, error), addrs ...string) *dialer {
	return &dialer{
		network: network{
			lookup: func(context.Context, string) ([]netip.Addr, error) {
				var ips []netip.Addr
				for _, a := range addrs {
					ips = append(ips, netip.MustParseAddr(a))
				}
				return ips, nil
			},
			connect: connect,
		},
		allowed: map[string]struct{}{"h.test:80": {}},
		timeout: 8 * time.Second,
		running: context.Background(),
		begin:   func() bool { return true },
		end:     func() {},
	}
}

// An address that does not answer leaves time for the others.
func TestDialTriesEachAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tried []string
		d := testDialer(func(ctx context.Context, addr netip.AddrPort) (net.Conn, error) {
			tried = append(tried, addr.Addr().String())
			if addr.Addr().String() == "192.0.2.4" {
				conn, peer := net.Pipe()
				t.Cleanup(func() { _ = peer.Close() })
				return conn, nil
			}
			<-ctx.Done()
			return nil, ctx.Err()
		}, "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4")
		start := time.Now()
		conn, err := d.dial(t.Context(), "tcp", "H.test:80")
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took != 6*time.Second || len(tried) != 4 {
			t.Errorf("tried %q in %v", tried, took)
		}
	})
}

func TestDialGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := func(ctx context.Context, _ netip.AddrPort) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		start := time.Now()
		if _, err := testDialer(hang, "192.0.2.1").dial(t.Context(), "tcp", "h.test:80"); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 8*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		d := testDialer(hang, "192.0.2.1", "192.0.2.2")
		running, stop := context.WithCancel(t.Context())
		d.running = running
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := d.dial(t.Context(), "tcp", "h.test:80"); !errors.Is(err, context.Canceled) {
				t.Errorf("stopped: %v", err)
			}
		})
		synctest.Wait()
		stop()
		wg.Wait()
		d.begin = func() bool { return false }
		if _, err := d.dial(t.Context(), "tcp", "h.test:80"); !errors.Is(err, context.Canceled) {
			t.Errorf("after the stop: %v", err)
		}
	})
}

func TestDialTriesSoManyAddresses(t *testing.T) {
	tried := 0
	d := testDialer(func(context.Context, netip.AddrPort) (net.Conn, error) {
		tried++
		return nil, errors.New("refused")
	}, slices.Repeat([]string{"169.254.169.254", "192.0.2.1"}, 100)...)
	if _, err := d.dial(t.Context(), "tcp", "h.test:80"); err == nil || tried != maxAddrs {
		t.Errorf("%d addresses: %v", tried, err)
	}
}
