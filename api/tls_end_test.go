package api_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"owlcache/api"
	"owlcache/api/internal/apitest"
	"owlcache/engine"
)

// The refusal of a body arrives, although the client goes on sending.
func TestTLSRefusalArrives(t *testing.T) {
	n := startTLS(t, nil)
	c := n.dialTLS()
	c.Send("POST /data/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999\r\n\r\n")
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_, _ = io.WriteString(c.Conn, strings.Repeat("x", 1<<20))
	}()
	if a := c.Receive("POST"); a.Status != 413 || !a.Close {
		t.Errorf("status %d, %v", a.Status, a.Header)
	}
	<-sent
	if !c.Ended() {
		t.Error("the connection goes on")
	}
}

func TestTLSSlowReaderEnds(t *testing.T) {
	n := startTLS(t, func(o *api.Options) { o.WriteTimeout = 100 * time.Millisecond })
	if _, err := n.Store.Set([]byte("big"), make([]byte, engine.MaxValueSize), 0); err != nil {
		t.Fatal(err)
	}
	c := n.dialTLS()
	for range 20 {
		c.Send("GET /data/?cmd=get&key=big HTTP/1.1\r\nHost: localhost\r\n\r\n")
	}
	apitest.Eventually(t, "the connection is given up", func() bool { return n.open() == 0 })
}

func TestTLSIdleConnectionEnds(t *testing.T) {
	n := startTLS(t, func(o *api.Options) { o.IdleTimeout = 50 * time.Millisecond })
	c := n.dialTLS()
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

func TestTLSShutdown(t *testing.T) {
	n := startTLS(t, nil)
	a := n.Do(secure(n.Request("POST", "/data/", apitest.FormType, apitest.Encode("cmd", "pass", "pass", apitest.Password))))
	token := string(a.Envelope(t).Data)
	entered, leave := make(chan struct{}), make(chan struct{})
	n.Store.OnSet = func() { close(entered); <-leave }
	idle, silent := n.dialTLS(), n.Dial()
	idle.Send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
	idle.Receive("GET")
	n.Client.CloseIdleConnections()

	set := n.dialTLS()
	body := "cmd=set&key=k&valuedata=v&token=" + token
	set.Send(fmt.Sprintf("POST /data/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", apitest.FormType, len(body), body))
	<-entered
	done := make(chan error, 1)
	go func() { done <- n.Shutdown(context.Background()) }()
	if !idle.Ended() {
		t.Error("an idle connection goes on")
	}
	_, _ = io.Copy(io.Discard, silent.R) // in its handshake; it ends
	close(leave)
	if a := set.Receive("POST"); a.Status != 200 || !a.Close {
		t.Errorf("status %d, %v", a.Status, a.Header)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// Shutdown does not wait for clients that read nothing to be told of the end.
func TestTLSShutdownCutsOff(t *testing.T) {
	n := startTLS(t, nil)
	if _, err := n.Store.Set([]byte("big"), make([]byte, engine.MaxValueSize), 0); err != nil {
		t.Fatal(err)
	}
	c := n.dialTLS()
	for range 5 {
		c.Send("GET /data/?cmd=get&key=big HTTP/1.1\r\nHost: localhost\r\n\r\n")
	}
	apitest.Eventually(t, "it is busy", func() bool { return n.HTTP.Counts().Busy == 1 })
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := n.Shutdown(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	apitest.Eventually(t, "it is cut off", func() bool { return n.open() == 0 })
}
