package main

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// startTestBare serves keys with the bare server and returns their target.
func startTestBare(t *testing.T, load loadOptions) target {
	t.Helper()
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	bare := owlcacheTarget(loopback(port), "", load)
	go func() { served <- serveBare(ctx, bare.addr, load.Keys, load.Value) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	deadline := time.Now().Add(10 * time.Second)
	for askBare(ctx, bare.addr) != nil {
		if time.Now().After(deadline) {
			t.Fatal("the bare server does not answer")
		}
		time.Sleep(time.Millisecond)
	}
	return bare
}

func TestMeasure(t *testing.T) {
	load := loadOptions{Conns: 8, Keys: 100, Value: 1000, Seconds: 0.1}
	bare := startTestBare(t, load)
	s, err := measure(t.Context(), &bare, mixGet, load, choosePins().load, 1)
	if err != nil {
		t.Fatal(err)
	}
	if s.ops < 8 || s.latencies.total != s.ops || s.elapsed < 100*time.Millisecond || s.rate() <= 0 {
		t.Errorf("%d requests with %d latencies in %v", s.ops, s.latencies.total, s.elapsed)
	}
}

func TestMeasureFindsMissingKeys(t *testing.T) {
	load := loadOptions{Conns: 2, Keys: 100, Value: 10, Seconds: 60}
	bare := startTestBare(t, load)
	bare.keys = 200
	if _, err := measure(t.Context(), &bare, mixGet, load, noCPU, 1); err == nil || !strings.Contains(err.Error(), "answered 404") {
		t.Errorf("error %v, want that of a missing key", err)
	}
}

// TestMeasureLargeRequests sends requests that do not fit the buffer of a
// socket, to a server that reads them slowly.
func TestMeasureLargeRequests(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{MaxHeaderBytes: 16 << 20, ReadHeaderTimeout: time.Minute,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if len(r.FormValue("valuedata")) != 8<<20 {
				w.WriteHeader(http.StatusBadRequest)
			}
		})}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener) // always ErrServerClosed
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-served
	})
	load := loadOptions{Conns: 2, Keys: 10, Value: 8 << 20, Seconds: 0.05}
	slow := owlcacheTarget(listener.Addr().String(), "", load)
	s, err := measure(t.Context(), &slow, mixSet, load, noCPU, 1)
	if err != nil {
		t.Fatal(err)
	}
	if s.ops < 2 {
		t.Errorf("%d requests", s.ops)
	}
}
