package main

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// startValues serves values of one size for the keys of a load and returns their target.
func startValues(t *testing.T, load loadOptions) target {
	t.Helper()
	value := sampleValue(load.Value)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("key") >= keyName(load.Keys) {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = io.WriteString(w, value)
	}))
	t.Cleanup(server.Close)
	return owlcacheTarget(server.Listener.Addr().String(), "", load)
}

func TestMeasure(t *testing.T) {
	load := loadOptions{Conns: 8, Keys: 100, Value: 1000, Seconds: 0.1}
	values := startValues(t, load)
	s, err := measure(t.Context(), &values, mixGet, load, choosePins().load, 1)
	if err != nil {
		t.Fatal(err)
	}
	if s.ops < 8 || s.latencies.total != s.ops || s.elapsed < 100*time.Millisecond || s.rate() <= 0 {
		t.Errorf("%d requests with %d latencies in %v", s.ops, s.latencies.total, s.elapsed)
	}
}

func TestMeasureFindsMissingKeys(t *testing.T) {
	load := loadOptions{Conns: 2, Keys: 100, Value: 10, Seconds: 60}
	values := startValues(t, load)
	values.keys = 200
	if _, err := measure(t.Context(), &values, mixGet, load, noCPU, 1); err == nil || !strings.Contains(err.Error(), "answered 404") {
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
