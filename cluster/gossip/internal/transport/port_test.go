package transport

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// openPort opens a port on loopback, with a membership that reads from each connection to
// its end, and closes it with the test. member tells what those who connect are.
func openPort(t *testing.T, member bool) (*Port, *attachment) {
	t.Helper()
	p, err := Listen(Options{
		BindAddr: "127.0.0.1", Dial: time.Minute, Stream: time.Minute, Logger: slog.New(slog.DiscardHandler), Known: func(netip.Addr) bool { return member },
	})
	if err != nil {
		t.Fatal(err)
	}
	a := p.Attach()
	var readers sync.WaitGroup
	readers.Go(func() {
		for {
			select {
			case c := <-a.StreamCh():
				readers.Go(func() {
					_ = c.SetDeadline(time.Now().Add(time.Hour))
					_, _ = io.Copy(io.Discard, c)
					_ = c.Close()
				})
			case <-a.ctx.Done():
				return
			}
		}
	})
	t.Cleanup(func() {
		if err := errors.Join(a.Shutdown(), p.Close()); err != nil {
			t.Error(err)
		}
		readers.Wait()
	})
	return p, a
}

func dial(t *testing.T, p *Port) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", p.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetReadDeadline(time.Now().Add(time.Minute))
	return c
}

// waitStreams waits until others have so many connections.
func waitStreams(t *testing.T, p *Port, want int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); p.limits.streams() != want; {
		if time.Now().After(deadline) {
			t.Fatalf("%d connections; want %d", p.limits.streams(), want)
		}
		runtime.Gosched()
	}
}

// streams returns how many connections there are.
func (l *inbound) streams() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.members.streams + l.unknown.streams
}

func TestConnectionsOverTheLimitAreClosed(t *testing.T) {
	t.Parallel()
	p, _ := openPort(t, true) // it may be silent for a while
	var conns []net.Conn
	for range maxStreamsFrom {
		conns = append(conns, dial(t, p))
	}
	waitStreams(t, p, maxStreamsFrom)
	if _, err := dial(t, p).Read(make([]byte, 1)); err == nil || strings.Contains(err.Error(), "timeout") {
		t.Fatalf("one too many was not closed: %v", err)
	}
	if got := p.Count.Refused.Load(); got != 1 {
		t.Fatalf("refused: %d", got)
	}
	for _, c := range conns {
		_ = c.Close()
	}
	waitStreams(t, p, 0)
	dial(t, p)
	waitStreams(t, p, 1)
}

func TestAStrangerHasToBeginAtOnce(t *testing.T) {
	t.Parallel()
	p, _ := openPort(t, false)
	c := dial(t, p)
	if _, err := c.Write(labelled(Label, []byte{frameMark, 0, 0, 1})); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, c); err != nil && strings.Contains(err.Error(), "timeout") {
		t.Fatal("it was not closed")
	}
	waitStreams(t, p, 0)
}

func TestAfterItsEndNothingIsSent(t *testing.T) {
	t.Parallel()
	p, a := openPort(t, false)
	if err := a.Shutdown(); err != nil {
		t.Fatal(err)
	}
	if _, err := a.DialTimeout(p.Address(), time.Minute); err == nil || err.Error() != ErrDown.Error() {
		t.Fatalf("error: %v", err)
	}
	if _, err := a.WriteTo([]byte("x"), "127.0.0.1:1"); err == nil {
		t.Fatal("a packet was sent")
	}
}
