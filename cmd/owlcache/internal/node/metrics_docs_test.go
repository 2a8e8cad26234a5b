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

// docs/operations.md lists the figures that a node serves, all and no others.
func TestDocumentNamesEveryMetric(t *testing.T) {
	srv, stderr := testServer(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() { result <- srv.Run(ctx) }()
	e2e.WaitFor(t, "the start", func() bool { return e2e.Address(stderr.String()) != "" })
	url := "http://" + e2e.Address(stderr.String())
	if status, _, err := e2e.Request(http.MethodGet, url+"/data/?cmd=ping", nil); err != nil || status != http.StatusOK {
		t.Errorf("ping: %d, %v", status, err)
	}
	_, body, err := e2e.Request(http.MethodGet, url+"/metrics", nil)
	if err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-result; err != nil {
		t.Error(err)
	}

	served := map[string]bool{
		"owlcache_checkpoint_age_seconds": true, // absent before the first checkpoint
		// Absent without HTTPS.
		"owlcache_tls_handshake_failures_total":   true,
		"owlcache_tls_certificate_expiry_seconds": true,
		// Absent without members.
		"owlcache_group_member_up":                             true,
		"owlcache_group_member_last_contact_timestamp_seconds": true,
		"owlcache_group_member_requests_total":                 true,
		"owlcache_group_member_errors_total":                   true,
		"owlcache_group_member_cache_hits_total":               true,
		"owlcache_group_member_request_duration_seconds":       true,
	}
	for _, name := range []string{"up", "requests_total", "request_duration_seconds", "values_total"} {
		served["owlcache_origin_"+name] = true // absent without servers to import from
	}
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (owlcache_\w+)`).FindAllStringSubmatch(string(body), -1) {
		served[m[1]] = true
	}
	data, err := os.ReadFile("../../../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(data), "\n## Metrics\n")
	section, _, _ = strings.Cut(section, "\n## ")
	documented := map[string]bool{}
	for _, m := range regexp.MustCompile("`(owlcache_\\w+)[`{]").FindAllStringSubmatch(section, -1) {
		documented[m[1]] = true
	}
	delete(documented, "owlcache_") // the prefix, named in a sentence
	if diff := cmp.Diff(slices.Sorted(maps.Keys(served)), slices.Sorted(maps.Keys(documented))); diff != "" {
		t.Errorf("docs/operations.md differs from /metrics (-served +documented):\n%s", diff)
	}
}
