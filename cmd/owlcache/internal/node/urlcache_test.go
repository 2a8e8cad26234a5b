package node

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"owlcache/cmd/owlcache/internal/config"
	"owlcache/cmd/owlcache/internal/e2e"
	"owlcache/cmd/owlcache/internal/logs"
)

// The node stops in good time while an origin hangs, and its client is answered: what the origin
// says, if its time is over soon, or that the node stops.
func TestStopWhileFetching(t *testing.T) {
	for timeout, want := range map[int]int{500: http.StatusGatewayTimeout, 60_000: http.StatusServiceUnavailable} {
		t.Run(fmt.Sprint(timeout), func(t *testing.T) {
			t.Parallel()
			stopWhileFetching(t, timeout, want)
		})
	}
}

func stopWhileFetching(t *testing.T, timeout, want int) {
	began := make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(began)
		<-r.Context().Done()
	}))
	defer hanging.Close()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "sites.xml"), fmt.Appendf(nil, "<sites><site><host>%s</host><timeout>%d</timeout></site></sites>", hanging.URL, timeout), 0o600); err != nil {
		t.Fatal(err)
	}
	c, errs := config.Parse("f", []byte("Httpport 0\nCloseTcp 0\nOpen_Urlcache 1\nDBfile "+dir))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	stderr := &e2e.Buffer{}
	l, err := logs.Open(c, nil, stderr)
	if err != nil {
		t.Fatal(err)
	}
	srv := New(c, l, stderr)
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- srv.Run(ctx) }()
	e2e.WaitFor(t, "the start", func() bool { return e2e.Address(stderr.String()) != "" })
	answered := make(chan int, 1)
	go func() {
		status, _, err := e2e.Request(http.MethodGet, "http://"+e2e.Address(stderr.String())+"/uc/?cmd=get&key=/a", nil)
		if err != nil {
			t.Error(err)
		}
		answered <- status
	}()
	<-began
	cancel()
	if err := <-result; err != nil {
		t.Error(err)
	}
	if status := <-answered; status != want {
		t.Errorf("the client got %d, want %d", status, want)
	}
	if strings.Contains(stderr.String(), "connections were cut") {
		t.Errorf("connections were cut: %s", stderr.String())
	}
}
