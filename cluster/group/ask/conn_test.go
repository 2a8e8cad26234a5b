package ask

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"owlcache/cluster/group/asktest"
)

// TestAskReusesConnections: one after the other over one connection, and over another
// when the member has closed it.
func TestAskReusesConnections(t *testing.T) {
	var conns, requests atomic.Int64
	addr := asktest.StartRaw(t, func(c net.Conn, _ <-chan struct{}) {
		conns.Add(1)
		r := bufio.NewReader(c)
		for range 3 { // then it closes the connection without a word
			if _, err := http.ReadRequest(r); err != nil {
				return
			}
			requests.Add(1)
			_, _ = io.WriteString(c, asktest.GoodHead+"Content-Length: 1\r\n\r\nv")
		}
	})
	a := NewHTTP(addr, Options{MaxValueSize: 100})
	defer a.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for i := range 9 {
		if r, err := a.Ask(ctx, []byte("k")); err != nil || string(r.Value) != "v" {
			t.Fatalf("question %d: %q, %v", i, r.Value, err)
		}
	}
	if conns.Load() != 3 || requests.Load() != 9 {
		t.Errorf("%d connections, %d requests", conns.Load(), requests.Load())
	}
}

// TestAskNotFoundKeepsConnection: misses do not cost a connection each, whatever they say.
func TestAskNotFoundKeepsConnection(t *testing.T) {
	var conns atomic.Int64
	addr := asktest.StartRaw(t, func(c net.Conn, _ <-chan struct{}) {
		conns.Add(1)
		r := bufio.NewReader(c)
		for {
			if _, err := http.ReadRequest(r); err != nil {
				return
			}
			_, _ = io.WriteString(c, "HTTP/1.1 404 Not Found\r\nKeycreatetime: 0001-01-01 00:00:00 +0000 UTC\r\nContent-Length: 9\r\n\r\nnot found")
		}
	})
	a := NewHTTP(addr, Options{MaxValueSize: 100})
	defer a.Close()
	for range 5 {
		if r, err := a.Ask(t.Context(), []byte("k")); err != nil || r.Found {
			t.Errorf("found %v, error %v", r.Found, err)
		}
	}
	if conns.Load() != 1 {
		t.Errorf("%d connections", conns.Load())
	}
}

// TestAskBounds: connections are bounded, and all end with the asker.
func TestAskBounds(t *testing.T) {
	var open, most atomic.Int64
	release := make(chan struct{})
	addr := asktest.StartRaw(t, func(c net.Conn, _ <-chan struct{}) {
		n := open.Add(1)
		defer open.Add(-1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		r := bufio.NewReader(c)
		for {
			if _, err := http.ReadRequest(r); err != nil {
				return
			}
			<-release
			_, _ = io.WriteString(c, asktest.GoodHead+"Content-Length: 1\r\n\r\nv")
		}
	})
	a := NewHTTP(addr, Options{MaxValueSize: 100})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	for range 2 * maxConns {
		wg.Go(func() {
			if _, err := a.Ask(ctx, []byte("k")); err != nil {
				t.Error(err)
			}
		})
	}
	asktest.WaitUntil(t, "all connections are in use", func() bool { return open.Load() == maxConns })
	close(release)
	wg.Wait()
	if most.Load() > maxConns {
		t.Errorf("%d connections at once", most.Load())
	}
	a.Close()
	asktest.WaitUntil(t, "the connections are closed", func() bool { return open.Load() == 0 })
	if _, err := a.Ask(ctx, []byte("k")); !errors.Is(err, ErrGone) {
		t.Errorf("after close: %v", err)
	}
}

// TestAskEndsWithClose: a question under way ends when the asker is closed, and close
// waits for it.
func TestAskEndsWithClose(t *testing.T) {
	asked := make(chan struct{}, 1)
	addr := asktest.StartRaw(t, func(c net.Conn, end <-chan struct{}) {
		if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			asked <- struct{}{}
			<-end
		}
	})
	a := NewHTTP(addr, Options{MaxValueSize: 100})
	var ended atomic.Bool
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := a.Ask(context.Background(), []byte("k")); err == nil {
			t.Error("no error")
		}
		ended.Store(true)
	})
	<-asked
	a.Close()
	wg.Wait()
	if !ended.Load() {
		t.Error("close did not wait")
	}
}

// TestAskEndsWithContext: a cancelled question ends before its time.
func TestAskEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	addr := asktest.StartRaw(t, func(c net.Conn, end <-chan struct{}) {
		if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			cancel()
			<-end
		}
	})
	a := NewHTTP(addr, Options{MaxValueSize: 100})
	defer a.Close()
	if _, err := a.Ask(ctx, []byte("k")); err == nil {
		t.Error("no error")
	}
}

// TestAskLargeBodiesShareRoom: more large values than there is room for come one after
// the other.
func TestAskLargeBodiesShareRoom(t *testing.T) {
	const size = smallBody + 1
	n := asktest.StartNode(t, map[string]asktest.Entry{"k": {Value: strings.Repeat("v", size), Created: "2026-11-22 10:50:17 +0000 UTC"}})
	a := NewHTTP(n.Addr, Options{MaxValueSize: size})
	defer a.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	for range 4 * largeBodies {
		wg.Go(func() {
			if r, err := a.Ask(ctx, []byte("k")); err != nil || len(r.Value) != size {
				t.Errorf("%d bytes, %v", len(r.Value), err)
			}
		})
	}
	wg.Wait()
	if h := a; !h.bodies.TryAcquire(largeBodies * size) {
		t.Error("room was lost")
	}
}

// TestSweepClosesIdleConnections: what is not used is not kept.
func TestSweepClosesIdleConnections(t *testing.T) {
	n := asktest.StartNode(t, nil)
	h := NewHTTP(n.Addr, Options{MaxValueSize: 100})
	defer h.Close()
	if _, err := h.Ask(t.Context(), []byte("k")); err != nil {
		t.Fatal(err)
	}
	h.Sweep()
	if len(h.pool.idle) != 1 {
		t.Errorf("%d idle connections after a moment", len(h.pool.idle))
	}
	h.pool.sweep(time.Now().Add(time.Hour))
	if len(h.pool.idle) != 0 {
		t.Errorf("%d idle connections after an hour", len(h.pool.idle))
	}
	if _, err := h.Ask(t.Context(), []byte("k")); err != nil {
		t.Errorf("after the sweep: %v", err)
	}
}
