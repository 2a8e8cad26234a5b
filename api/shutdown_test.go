package api_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"owlcache/api/internal/apitest"
	"strings"
	"testing"
)

func TestShutdownFinishesWhatIsInFlight(t *testing.T) {
	n := apitest.Start(t, nil)
	token := n.Token()
	entered, leave := make(chan struct{}), make(chan struct{})
	n.Store.OnSet = func() { close(entered); <-leave }
	idle := n.Dial()
	idle.Send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
	idle.Receive("GET")
	silent := n.Dial()
	apitest.Eventually(t, "all are connected", func() bool { return n.HTTP.Counts().Open >= 2 })

	set := n.Dial()
	body := "cmd=set&key=k&valuedata=v&token=" + token
	set.Send(fmt.Sprintf("POST /data/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", apitest.FormType, len(body), body))
	<-entered
	done := make(chan error, 2)
	go func() { done <- n.Shutdown(context.Background()) }()
	if !idle.Ended() {
		t.Error("an idle connection goes on")
	}
	_, _ = io.Copy(io.Discard, silent.R) // it ends, with or without an answer
	if c, err := net.Dial("tcp", n.Addr); err == nil {
		_ = c.Close()
		t.Error("still accepting")
	}
	select {
	case err := <-done:
		t.Errorf("Shutdown did not wait: %v", err)
	default:
	}
	close(leave)
	if a := set.Receive("POST"); a.Status != 200 || !a.Close {
		t.Errorf("status %d, %v", a.Status, a.Header)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if e, _ := n.Store.Entry("k"); string(e.Value) != "v" {
		t.Errorf("stored %q", e.Value)
	}
}

func TestShutdownCutsOff(t *testing.T) {
	n := apitest.Start(t, nil)
	entered, leave := make(chan struct{}), make(chan struct{})
	n.Store.OnGet = func() { close(entered); <-leave }
	c := n.Dial()
	c.Send("GET /data/?cmd=get&key=k HTTP/1.1\r\nHost: localhost\r\n\r\n")
	<-entered
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := n.Shutdown(ctx); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "1 connections cut off") {
		t.Errorf("Shutdown: %v", err)
	}
	if !c.Ended() {
		t.Error("the connection goes on")
	}
	close(leave)
}

func TestShutdownWhileLoading(t *testing.T) {
	n := apitest.StartLoading(t, nil)
	c := n.Dial()
	c.Send("GET /data/?cmd=get&key=k HTTP/1.1\r\nHost: localhost\r\n\r\n")
	apitest.Eventually(t, "the request is held", func() bool { return n.HTTP.Counts().Busy == 1 })
	if err := n.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	if a := c.Receive("GET"); a.Status != 503 || a.Body != "shutting down\n" {
		t.Errorf("status %d, %q", a.Status, a.Body)
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
