package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
)

func TestShutdownFinishesWhatIsInFlight(t *testing.T) {
	n := start(t, nil)
	token := n.token()
	entered, leave := make(chan struct{}), make(chan struct{})
	n.store.onSet = func() { close(entered); <-leave }
	idle := n.dial()
	idle.send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
	idle.receive("GET")
	silent := n.dial()
	eventually(t, "all are connected", func() bool { open, _, _ := n.conns.counts(); return open >= 2 })

	set := n.dial()
	body := "cmd=set&key=k&valuedata=v&token=" + token
	set.send(fmt.Sprintf("POST /data/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", formType, len(body), body))
	<-entered
	done := make(chan error, 2)
	go func() { done <- n.Shutdown(context.Background()) }()
	if !idle.ended() {
		t.Error("an idle connection goes on")
	}
	_, _ = io.Copy(io.Discard, silent.r) // it ends, with or without an answer
	if c, err := net.Dial("tcp", n.addr); err == nil {
		_ = c.Close()
		t.Error("still accepting")
	}
	select {
	case err := <-done:
		t.Errorf("Shutdown did not wait: %v", err)
	default:
	}
	close(leave)
	if a := set.receive("POST"); a.status != 200 || !a.close {
		t.Errorf("status %d, %v", a.status, a.header)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if e, _ := n.store.entry("k"); string(e.value) != "v" {
		t.Errorf("stored %q", e.value)
	}
}

func TestShutdownCutsOff(t *testing.T) {
	n := start(t, nil)
	entered, leave := make(chan struct{}), make(chan struct{})
	n.store.onGet = func() { close(entered); <-leave }
	c := n.dial()
	c.send("GET /data/?cmd=get&key=k HTTP/1.1\r\nHost: localhost\r\n\r\n")
	<-entered
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := n.Shutdown(ctx); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "1 connections cut off") {
		t.Errorf("Shutdown: %v", err)
	}
	if !c.ended() {
		t.Error("the connection goes on")
	}
	close(leave)
}

func TestShutdownWhileLoading(t *testing.T) {
	n := startLoading(t, nil)
	c := n.dial()
	c.send("GET /data/?cmd=get&key=k HTTP/1.1\r\nHost: localhost\r\n\r\n")
	eventually(t, "the request is held", func() bool { _, busy, _ := n.conns.counts(); return busy == 1 })
	if err := n.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	if a := c.receive("GET"); a.status != 503 || a.body != "shutting down\n" {
		t.Errorf("status %d, %q", a.status, a.body)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Serve(ln); err != nil {
		t.Errorf("Serve after Shutdown: %v", err)
	}
	if err := n.Shutdown(context.Background()); err != nil {
		t.Errorf("Shutdown again: %v", err)
	}
}
