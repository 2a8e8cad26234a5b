package node

import (
	"context"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"owlcache/cmd/owlcache/internal/e2e"
)

// docs/clustering.md lists the figures of data sync, all and no others.
func TestDocumentNamesEveryMetricOfSync(t *testing.T) {
	srv, stderr := syncServer(t, "")
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- srv.Run(ctx) }()
	e2e.WaitFor(t, "the start", func() bool { return e2e.Address(stderr.String()) != "" })
	_, body, err := e2e.Request(http.MethodGet, "http://"+e2e.Address(stderr.String())+"/metrics", nil)
	if err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-result; err != nil {
		t.Error(err)
	}
	served := map[string]bool{}
	for _, name := range []string{"queue_bytes", "pushed_total", "dropped_total", "sent_total", "match_age_seconds", "clock_skew_seconds", "tcp_only"} {
		served["owlcache_sync_peer_"+name] = true // absent without peers
	}
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (owlcache_sync_\w+)`).FindAllStringSubmatch(string(body), -1) {
		served[m[1]] = true
	}
	data, err := os.ReadFile("../../../../docs/clustering.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(data), "# Metrics\n")
	section, _, _ = strings.Cut(section, "\n#")
	documented := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)`(owlcache_sync_\\w+)`").FindAllStringSubmatch(section, -1) {
		documented[m[1]] = true
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(served)), slices.Sorted(maps.Keys(documented))); diff != "" {
		t.Errorf("docs/clustering.md differs from /metrics (-served +documented):\n%s", diff)
	}
}
