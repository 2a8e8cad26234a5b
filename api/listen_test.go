package api

import (
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"owlcache/engine"
)

// foreignListener makes its connections look as if they came from another machine.
type foreignListener struct{ net.Listener }

func (l foreignListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return foreignConn{c}, nil
}

type foreignConn struct{ net.Conn }

func (foreignConn) RemoteAddr() net.Addr {
	return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1234}
}

// serveForeign lets n listen on a port more, where every client is foreign, which
// replaces the first for the requests of the test.
func (n *node) serveForeign() {
	n.t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		n.t.Fatal(err)
	}
	n.addr = ln.Addr().String()
	served := make(chan error, 1)
	go func() { served <- n.Serve(foreignListener{ln}) }()
	n.t.Cleanup(func() {
		_ = ln.Close()
		if err := <-served; err != nil && !errors.Is(err, net.ErrClosed) {
			n.t.Errorf("Serve: %v", err)
		}
	})
}

func TestConnectionLimits(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Options)
		status int
	}{
		{"in all", func(o *Options) { o.MaxConns = 2 }, 503},
		{"per IP", func(o *Options) { o.MaxConnsPerIP = 2 }, 429},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := start(t, tt.change)
			n.serveForeign()
			first, second := n.dial(), n.dial()
			eventually(t, "both are served", func() bool { open, _, _ := n.conns.counts(); return open == 2 })
			third := n.dial()
			if a := third.receive("GET"); a.status != tt.status || a.header.Get("Retry-After") == "" || a.reason() == "" {
				t.Errorf("status %d, %v", a.status, a.header)
			}
			if n.metrics.rejected.Load() != 1 {
				t.Errorf("%d rejected", n.metrics.rejected.Load())
			}
			second.send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
			if a := second.receive("GET"); a.status != 200 {
				t.Errorf("second: status %d", a.status)
			}
			_ = first.Close()
			eventually(t, "there is room again", func() bool { open, _, _ := n.conns.counts(); return open == 1 })
			if a := n.get("/livez"); a.status != 200 {
				t.Errorf("after one has left: status %d", a.status)
			}
		})
	}
}

// TestConnectionLimitSparesLoopback: behind a proxy on this machine all clients
// have one address.
func TestConnectionLimitSparesLoopback(t *testing.T) {
	n := start(t, func(o *Options) { o.MaxConnsPerIP = 2 })
	for i := range 5 {
		c := n.dial()
		c.send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
		if a := c.receive("GET"); a.status != 200 {
			t.Errorf("connection %d: status %d", i, a.status)
		}
	}
}

func TestIdleConnectionEnds(t *testing.T) {
	n := start(t, func(o *Options) { o.IdleTimeout = 50 * time.Millisecond })
	c := n.dial()
	for range 3 {
		c.send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
		if a := c.receive("GET"); a.status != 200 {
			t.Fatalf("status %d", a.status)
		}
	}
	if !c.ended() {
		t.Error("the connection goes on")
	}
}

func TestSlowReaderEnds(t *testing.T) {
	n := start(t, func(o *Options) { o.WriteTimeout = 100 * time.Millisecond })
	if _, err := n.store.Set([]byte("big"), make([]byte, engine.MaxValueSize), 0); err != nil {
		t.Fatal(err)
	}
	c := n.dial()
	for range 20 {
		c.send("GET /data/?cmd=get&key=big HTTP/1.1\r\nHost: localhost\r\n\r\n")
	}
	eventually(t, "the connection is given up", func() bool { open, _, total := n.conns.counts(); return total == 1 && open == 0 })
}

// flakyListener fails a few times as if file descriptors had run out.
type flakyListener struct {
	net.Listener
	failures atomic.Int32
}

func (l *flakyListener) Accept() (net.Conn, error) {
	if l.failures.Add(-1) >= 0 {
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: syscall.EMFILE}
	}
	return l.Listener.Accept()
}

func TestServeSurvivesPassingErrors(t *testing.T) {
	n := startLoading(t, nil)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	flaky := &flakyListener{Listener: ln}
	flaky.failures.Store(3)
	served := make(chan error, 1)
	go func() { served <- n.Serve(flaky) }()
	resp, err := http.Get("http://" + ln.Addr().String() + "/livez")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if err := ln.Close(); err != nil { // not by Shutdown
		t.Fatal(err)
	}
	if err := <-served; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Serve: %v", err)
	}
}
