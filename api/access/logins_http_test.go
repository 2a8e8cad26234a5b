package access_test

import (
	"log/slog"
	"owlcache/api"
	"owlcache/api/internal/apitest"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestGuessingIsSlowedDown(t *testing.T) {
	var log apitest.Log
	n := apitest.StartLoading(t, func(o *api.Options) { o.Logger = slog.New(slog.NewJSONHandler(&log, nil)) })
	var mu sync.Mutex
	now := time.Now()
	n.Node.Now = func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	}
	n.Node.Access.GuardLoopback = true
	n.Ready(n.Store)
	token := n.Token()
	for range 10 {
		if a := n.Post("cmd", "pass", "pass", "guess"); a.Status != 500 || a.Envelope(t).Results != "ERROR" {
			t.Errorf("status %d, %s", a.Status, a.Body)
		}
	}
	for _, password := range []string{"guess", apitest.Password, apitest.Password} {
		a := n.Post("cmd", "pass", "pass", password)
		if a.Status != 429 || a.Header.Get("Retry-After") != "60" || !strings.Contains(a.Reason(), "too many wrong passwords") || a.Close {
			t.Errorf("status %d, %v", a.Status, a.Header)
		}
	}
	if a := n.Post("cmd", "set", "key", "k", "token", token); a.Status != 200 { // only log-ins are refused
		t.Errorf("set: status %d", a.Status)
	}
	metrics := n.Get("/metrics").Body
	for _, line := range []string{"owlcache_login_failures_total 10", "owlcache_logins_refused_total 3", `owlcache_http_requests_total{cmd="pass",status="429"} 3`} {
		if !strings.Contains(metrics, "\n"+line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
	if c := strings.Count(log.String(), `"level":"WARN"`); c != 1 || !strings.Contains(log.String(), `"address":"127.0.0.1/32"`) || strings.Contains(log.String(), "guess") {
		t.Errorf("log:\n%s", &log)
	}
	mu.Lock()
	now = now.Add(time.Minute)
	mu.Unlock()
	if a := n.Post("cmd", "pass", "pass", apitest.Password); a.Status != 200 {
		t.Errorf("after the window: status %d", a.Status)
	}
}
