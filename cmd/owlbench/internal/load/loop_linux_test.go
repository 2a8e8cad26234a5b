package load

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"owlcache/cmd/owlbench/internal/cpu"
)

// startValues serves values of one size for the keys of a load and returns their target.
func startValues(t *testing.T, load Options) Target {
	t.Helper()
	value := SampleValue(load.Value)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("key") >= KeyName(load.Keys) {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = io.WriteString(w, value)
	}))
	t.Cleanup(server.Close)
	return HTTPTarget(server.Listener.Addr().String(), "", load)
}

func TestMeasure(t *testing.T) {
	load := Options{Conns: 8, Keys: 100, Value: 1000, Seconds: 0.1}
	values := startValues(t, load)
	s, err := (Generator{Options: load, CPU: cpu.Choose().Load}).Measure(t.Context(), &values, Get, 1)
	if err != nil {
		t.Fatal(err)
	}
	if s.Ops < 8 || s.Latencies.Total != s.Ops || s.Elapsed < 100*time.Millisecond || s.Rate() <= 0 {
		t.Errorf("%d requests with %d latencies in %v", s.Ops, s.Latencies.Total, s.Elapsed)
	}
}

func TestMeasureFindsMissingKeys(t *testing.T) {
	load := Options{Conns: 2, Keys: 100, Value: 10, Seconds: 60}
	values := startValues(t, load)
	values.Keys = 200
	if _, err := (Generator{Options: load, CPU: cpu.Any}).Measure(t.Context(), &values, Get, 1); err == nil || !strings.Contains(err.Error(), "answered 404") {
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
	load := Options{Conns: 2, Keys: 10, Value: 8 << 20, Seconds: 0.05}
	slow := HTTPTarget(listener.Addr().String(), "", load)
	s, err := (Generator{Options: load, CPU: cpu.Any}).Measure(t.Context(), &slow, Set, 1)
	if err != nil {
		t.Fatal(err)
	}
	if s.Ops < 2 {
		t.Errorf("%d requests", s.Ops)
	}
}
