package api_test

import (
	"encoding/json"
	"log/slog"
	"owlcache/api"
	"owlcache/api/internal/apitest"
	"strings"
	"testing"
)

func TestAccessLog(t *testing.T) {
	var access, log apitest.Log
	n := apitest.Start(t, func(o *api.Options) {
		o.AccessLog = slog.New(slog.NewJSONHandler(&access, nil))
		o.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	token := n.Token()
	n.Get("/data/?cmd=pass&pass=" + strings.ReplaceAll(apitest.Password, " ", "+"))
	n.Get("/data/?cmd=pass&pass=guess-of-a-password")
	n.Cmd("cmd", "set", "key", "the-key", "valuedata", "the-value", "token", token)
	n.Cmd("cmd", "set", "key", "k", "token", "a-wrong-token")
	n.Cmd("cmd", apitest.Password)
	n.Get("/nothing?token=" + token)
	n.Get("/data/a-key-in-the-path?token=" + token)
	bearer := n.Request("GET", "/data/?cmd=set&key=%", "", "")
	bearer.Header.Set("Authorization", "Bearer "+token)
	n.Do(bearer)
	raw := n.Dial()
	raw.Send("GET /data/?pass=" + apitest.Password + " HTTP/1.1\r\nbroken\r\n\r\n")
	raw.Receive("GET")

	for _, secret := range []string{apitest.Password, strings.ReplaceAll(apitest.Password, " ", "+"), "guess", token, token[len(token)-20:], apitest.B64(token)[:40], "wrong-token", "the-value", "Bearer", "a-key"} {
		if strings.Contains(access.String(), secret) || strings.Contains(log.String(), secret) {
			t.Errorf("a log has %q:\n%s%s", secret, &access, &log)
		}
	}
	lines := strings.Split(strings.TrimSpace(access.String()), "\n")
	if len(lines) != 10 {
		t.Fatalf("%d records, want 10:\n%s", len(lines), &access)
	}
	var rec struct {
		Method, Path, Cmd, Remote string
		Status, Bytes             int
		Duration                  *int64
	}
	if err := json.Unmarshal([]byte(lines[3]), &rec); err != nil {
		t.Fatal(err)
	}
	if rec.Method != "GET" || rec.Path != "/data/" || rec.Cmd != "set" || rec.Status != 200 || rec.Bytes < 100 || rec.Remote != "127.0.0.1" || rec.Duration == nil {
		t.Errorf("%s", lines[3])
	}
}
