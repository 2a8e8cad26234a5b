package cluster

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
)

// TestAskReusesConnections: one after the other over one connection, and over another
// when the member has closed it.
func TestAskReusesConnections(t *testing.T) {
	var conns, requests atomic.Int64
	addr := startRaw(t, func(c net.Conn, _ <-chan struct{}) {
		conns.Add(1)
		r := bufio.NewReader(c)
		for range 3 { // then it closes the connection without a word
			if _, err := http.ReadRequest(r); err != nil {
				return
			}
			requests.Add(1)
			_, _ = io.WriteString(c, goodHead+"Content-Length: 1\r\n\r\nv")
		}
	})
	a := newHTTPAsker(addr, Options{MaxValueSize: 100})
	defer a.close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for i := range 9 {
		if r, err := a.ask(ctx, []byte("k")); err != nil || string(r.value) != "v" {
			t.Fatalf("question %d: %q, %v", i, r.value, err)
		}
	}
	if conns.Load() != 3 || requests.Load() != 9 {
		t.Errorf("%d connections, %d requests", conns.Load(), requests.Load())
	}
}

// TestAskNotFoundKeepsConnection: misses do not cost a connection each, whatever they say.
func TestAskNotFoundKeepsConnection(t *testing.T) {
	var conns atomic.Int64
	addr := startRaw(t, func(c net.Conn, _ <-chan struct{}) {
		conns.Add(1)
		r := bufio.NewReader(c)
		for {
			if _, err := http.ReadRequest(r); err != nil {
				return
			}
			_, _ = io.WriteString(c, "HTTP/1.1 404 Not Found\r\nKeycreatetime: 0001-01-01 00:00:00 +0000 UTC\r\nContent-Length: 9\r\n\r\nnot found")
		}
	})
	a := newHTTPAsker(addr, Options{MaxValueSize: 100})
	defer a.close()
	for range 5 {
		if r, err := a.ask(t.Context(), []byte("k")); err != nil || r.found {
			t.Errorf("found %v, error %v", r.found, err)
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
	addr := startRaw(t, func(c net.Conn, _ <-chan struct{}) {
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
			_, _ = io.WriteString(c, goodHead+"Content-Length: 1\r\n\r\nv")
		}
	})
	a := newHTTPAsker(addr, Options{MaxValueSize: 100})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	for range 2 * maxConns {
		wg.Go(func() {
			if _, err := a.ask(ctx, []byte("k")); err != nil {
				t.Error(err)
			}
		})
	}
	waitUntil(t, "all connections are in use", func() bool { return open.Load() == maxConns })
	close(release)
	wg.Wait()
	if most.Load() > maxConns {
		t.Errorf("%d connections at once", most.Load())
	}
	a.close()
	waitUntil(t, "the connections are closed", func() bool { return open.Load() == 0 })
	if _, err := a.ask(ctx, []byte("k")); !errors.Is(err, errGone) {
		t.Errorf("after close: %v", err)
	}
}

// TestAskEndsWithClose: a question under way ends when the asker is closed, and close
// waits for it.
func TestAskEndsWithClose(t *testing.T) {
	asked := make(chan struct{}, 1)
	addr := startRaw(t, func(c net.Conn, end <-chan struct{}) {
		if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			asked <- struct{}{}
			<-end
		}
	})
	a := newHTTPAsker(addr, Options{MaxValueSize: 100})
	var ended atomic.Bool
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := a.ask(context.Background(), []byte("k")); err == nil {
			t.Error("no error")
		}
		ended.Store(true)
	})
	<-asked
	a.close()
	wg.Wait()
	if !ended.Load() {
		t.Error("close did not wait")
	}
}

// TestAskEndsWithContext: a cancelled question ends before its time.
func TestAskEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	addr := startRaw(t, func(c net.Conn, end <-chan struct{}) {
		if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			cancel()
			<-end
		}
	})
	a := newHTTPAsker(addr, Options{MaxValueSize: 100})
	defer a.close()
	if _, err := a.ask(ctx, []byte("k")); err == nil {
		t.Error("no error")
	}
}

// TestAskLargeBodiesShareRoom: more large values than there is room for come one after
// the other.
func TestAskLargeBodiesShareRoom(t *testing.T) {
	const size = smallBody + 1
	n := startOldNode(t, map[string]oldEntry{"k": {strings.Repeat("v", size), "2026-11-22 10:50:17 +0000 UTC"}})
	a := newHTTPAsker(n.addr, Options{MaxValueSize: size})
	defer a.close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	for range 4 * largeBodies {
		wg.Go(func() {
			if r, err := a.ask(ctx, []byte("k")); err != nil || len(r.value) != size {
				t.Errorf("%d bytes, %v", len(r.value), err)
			}
		})
	}
	wg.Wait()
	if h := a.(*httpAsker); !h.bodies.TryAcquire(largeBodies * size) {
		t.Error("room was lost")
	}
}

// TestSweepClosesIdleConnections: what is not used is not kept.
func TestSweepClosesIdleConnections(t *testing.T) {
	n := startOldNode(t, nil)
	h := newHTTPAsker(n.addr, Options{MaxValueSize: 100}).(*httpAsker)
	defer h.close()
	if _, err := h.ask(t.Context(), []byte("k")); err != nil {
		t.Fatal(err)
	}
	h.sweep()
	if len(h.pool.idle) != 1 {
		t.Errorf("%d idle connections after a moment", len(h.pool.idle))
	}
	h.pool.sweep(time.Now().Add(time.Hour))
	if len(h.pool.idle) != 0 {
		t.Errorf("%d idle connections after an hour", len(h.pool.idle))
	}
	if _, err := h.ask(t.Context(), []byte("k")); err != nil {
		t.Errorf("after the sweep: %v", err)
	}
}
