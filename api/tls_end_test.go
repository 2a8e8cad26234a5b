package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"owlcache/engine"
)

// The refusal of a body arrives, although the client goes on sending.
func TestTLSRefusalArrives(t *testing.T) {
	n := startTLS(t, nil)
	c := n.dialTLS()
	c.send("POST /data/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999\r\n\r\n")
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_, _ = io.WriteString(c.Conn, strings.Repeat("x", 1<<20))
	}()
	if a := c.receive("POST"); a.status != 413 || !a.close {
		t.Errorf("status %d, %v", a.status, a.header)
	}
	<-sent
	if !c.ended() {
		t.Error("the connection goes on")
	}
}

func TestTLSSlowReaderEnds(t *testing.T) {
	n := startTLS(t, func(o *Options) { o.WriteTimeout = 100 * time.Millisecond })
	if _, err := n.store.Set([]byte("big"), make([]byte, engine.MaxValueSize), 0); err != nil {
		t.Fatal(err)
	}
	c := n.dialTLS()
	for range 20 {
		c.send("GET /data/?cmd=get&key=big HTTP/1.1\r\nHost: localhost\r\n\r\n")
	}
	eventually(t, "the connection is given up", func() bool { return n.open() == 0 })
}

func TestTLSIdleConnectionEnds(t *testing.T) {
	n := startTLS(t, func(o *Options) { o.IdleTimeout = 50 * time.Millisecond })
	c := n.dialTLS()
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

func TestTLSShutdown(t *testing.T) {
	n := startTLS(t, nil)
	a := n.do(secure(n.request("POST", "/data/", formType, encode("cmd", "pass", "pass", testPassword))))
	token := string(a.envelope(t).Data)
	entered, leave := make(chan struct{}), make(chan struct{})
	n.store.onSet = func() { close(entered); <-leave }
	idle, silent := n.dialTLS(), n.dial()
	idle.send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
	idle.receive("GET")
	n.client.CloseIdleConnections()

	set := n.dialTLS()
	body := "cmd=set&key=k&valuedata=v&token=" + token
	set.send(fmt.Sprintf("POST /data/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", formType, len(body), body))
	<-entered
	done := make(chan error, 1)
	go func() { done <- n.Shutdown(context.Background()) }()
	if !idle.ended() {
		t.Error("an idle connection goes on")
	}
	_, _ = io.Copy(io.Discard, silent.r) // in its handshake; it ends
	close(leave)
	if a := set.receive("POST"); a.status != 200 || !a.close {
		t.Errorf("status %d, %v", a.status, a.header)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// Shutdown does not wait for clients that read nothing to be told of the end.
func TestTLSShutdownCutsOff(t *testing.T) {
	n := startTLS(t, nil)
	if _, err := n.store.Set([]byte("big"), make([]byte, engine.MaxValueSize), 0); err != nil {
		t.Fatal(err)
	}
	c := n.dialTLS()
	for range 5 {
		c.send("GET /data/?cmd=get&key=big HTTP/1.1\r\nHost: localhost\r\n\r\n")
	}
	eventually(t, "it is busy", func() bool { _, busy, _ := n.conns.counts(); return busy == 1 })
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := n.Shutdown(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	eventually(t, "it is cut off", func() bool { return n.open() == 0 })
}
