package api_test

import (
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"owlcache/api"
	"owlcache/api/internal/apitest"
	"owlcache/engine"
)

// foreignListener makes its connections look as if they came from another machine.
func TestConnectionLimits(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*api.Options)
		status int
	}{
		{"in all", func(o *api.Options) { o.MaxConns = 2 }, 503},
		{"per IP", func(o *api.Options) { o.MaxConnsPerIP = 2 }, 429},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := apitest.Start(t, tt.change)
			n.ServeForeign()
			first, second := n.Dial(), n.Dial()
			apitest.Eventually(t, "both are served", func() bool { return n.HTTP.Counts().Open == 2 })
			third := n.Dial()
			if a := third.Receive("GET"); a.Status != tt.status || a.Header.Get("Retry-After") == "" || a.Reason() == "" {
				t.Errorf("status %d, %v", a.Status, a.Header)
			}
			if n.Rejected() != 1 {
				t.Errorf("%d rejected", n.Rejected())
			}
			second.Send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
			if a := second.Receive("GET"); a.Status != 200 {
				t.Errorf("second: status %d", a.Status)
			}
			_ = first.Close()
			apitest.Eventually(t, "there is room again", func() bool { return n.HTTP.Counts().Open == 1 })
			if a := n.Get("/livez"); a.Status != 200 {
				t.Errorf("after one has left: status %d", a.Status)
			}
		})
	}
}

// TestConnectionLimitSparesLoopback: behind a proxy on this machine all clients
// have one address.
func TestConnectionLimitSparesLoopback(t *testing.T) {
	n := apitest.Start(t, func(o *api.Options) { o.MaxConnsPerIP = 2 })
	for i := range 5 {
		c := n.Dial()
		c.Send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
		if a := c.Receive("GET"); a.Status != 200 {
			t.Errorf("connection %d: status %d", i, a.Status)
		}
	}
}

func TestIdleConnectionEnds(t *testing.T) {
	n := apitest.Start(t, func(o *api.Options) { o.IdleTimeout = 50 * time.Millisecond })
	c := n.Dial()
	for range 3 {
		c.Send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
		if a := c.Receive("GET"); a.Status != 200 {
			t.Fatalf("status %d", a.Status)
		}
	}
	if !c.Ended() {
		t.Error("the connection goes on")
	}
}

func TestSlowReaderEnds(t *testing.T) {
	n := apitest.Start(t, func(o *api.Options) { o.WriteTimeout = 100 * time.Millisecond })
	if _, err := n.Store.Set([]byte("big"), make([]byte, engine.MaxValueSize), 0); err != nil {
		t.Fatal(err)
	}
	c := n.Dial()
	for range 20 {
		c.Send("GET /data/?cmd=get&key=big HTTP/1.1\r\nHost: localhost\r\n\r\n")
	}
	apitest.Eventually(t, "the connection is given up", func() bool { return n.HTTP.Counts().Accepted == 1 && n.HTTP.Counts().Open == 0 })
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
	n := apitest.StartLoading(t, nil)
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
