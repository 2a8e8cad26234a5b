package ask

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"owlcache/cluster/group/asktest"
)

// TestNoRoomForALargeBody: it is not read, small ones are, and it is no fault of the
// member.
func TestNoRoomForALargeBody(t *testing.T) {
	large := strings.Repeat("v", smallBody+1)
	small := asktest.GoodHead + "Content-Length: 1\r\n\r\nv"
	for name, answer := range map[string]string{
		"sized":  asktest.GoodHead + "Content-Length: 65537\r\n\r\n" + large,
		"chunks": asktest.GoodHead + "Transfer-Encoding: chunked\r\n\r\n10001\r\n" + large + "\r\n0\r\n\r\n",
	} {
		synctest.Test(t, func(t *testing.T) {
			pipe := asktest.Pipe(func(c net.Conn) {
				r, err := http.ReadRequest(bufio.NewReader(c))
				switch {
				case err != nil:
				case r.FormValue("key") == "large":
					_, _ = io.WriteString(c, answer)
				default:
					_, _ = io.WriteString(c, small)
				}
			})
			a := NewHTTP("member:1", Options{MaxValueSize: len(large), Dial: pipe})
			defer a.Close()
			room := largeBodies * int64(len(large)+1)
			if !a.bodies.TryAcquire(room) {
				t.Fatal("there is no room at all")
			}
			if r, err := a.Ask(asktest.Within(t, 100*time.Millisecond), []byte("large")); !errors.Is(err, ErrBusy) || r.Found {
				t.Errorf("%s: %v, %v", name, r.Found, err)
			}
			if r, err := a.Ask(asktest.Within(t, time.Second), []byte("small")); err != nil || string(r.Value) != "v" {
				t.Errorf("%s: small: %q, %v", name, r.Value, err)
			}
			a.bodies.Release(room)
			if r, err := a.Ask(asktest.Within(t, time.Second), []byte("large")); err != nil || len(r.Value) != len(large) {
				t.Errorf("%s: with room: %d bytes, %v", name, len(r.Value), err)
			}
		})
	}
}

// TestClosedPool: it hands out no connection, and keeps none.
func TestClosedPool(t *testing.T) {
	addr := asktest.StartRaw(t, func(_ net.Conn, end <-chan struct{}) { <-end })
	p := newConnPool(addr, Options{})
	take := func() *httpConn {
		t.Helper()
		c, err := p.take(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	isOpen := func(c *httpConn) bool { return c.SetDeadline(time.Time{}) == nil }
	idle, busy, late := take(), take(), take()
	p.give(idle, true)
	p.close()
	if isOpen(idle) || isOpen(busy) || isOpen(late) {
		t.Error("a connection is open after close")
	}
	p.give(late, true)
	if len(p.idle) != 0 {
		t.Error("a connection was kept after close")
	}
	if c, err := p.take(t.Context()); !errors.Is(err, ErrGone) {
		t.Errorf("%v, %v", c, err)
	}
	p.give(busy, false)
	if len(p.busy) != 0 {
		t.Errorf("%d connections are in use", len(p.busy))
	}
}

// TestSurplusIsNoAnswer: what a member sends beyond its answer is not taken for the next
// one.
func TestSurplusIsNoAnswer(t *testing.T) {
	const answer = asktest.GoodHead + "Content-Length: 5\r\n\r\n"
	var conns atomic.Int64
	addr := asktest.StartRaw(t, func(c net.Conn, _ <-chan struct{}) {
		conns.Add(1)
		r := bufio.NewReader(c)
		for {
			if _, err := http.ReadRequest(r); err != nil {
				return
			}
			_, _ = io.WriteString(c, answer+"right"+answer+"wrong")
		}
	})
	a := NewHTTP(addr, Options{MaxValueSize: 100})
	defer a.Close()
	for range 3 {
		if r, err := a.Ask(asktest.Within(t, time.Minute), []byte("k")); err != nil || string(r.Value) != "right" {
			t.Errorf("%q, %v", r.Value, err)
		}
	}
	if n := conns.Load(); n != 3 {
		t.Errorf("%d connections", n)
	}
}
