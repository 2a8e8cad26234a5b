package api

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
)

func TestAccessLog(t *testing.T) {
	var access, log logBuffer
	n := start(t, func(o *Options) {
		o.AccessLog = slog.New(slog.NewJSONHandler(&access, nil))
		o.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	token := n.token()
	n.get("/data/?cmd=pass&pass=" + strings.ReplaceAll(testPassword, " ", "+"))
	n.get("/data/?cmd=pass&pass=guess-of-a-password")
	n.cmd("cmd", "set", "key", "the-key", "valuedata", "the-value", "token", token)
	n.cmd("cmd", "set", "key", "k", "token", "a-wrong-token")
	n.cmd("cmd", testPassword)
	n.get("/nothing?token=" + token)
	n.get("/data/a-key-in-the-path?token=" + token)
	bearer := n.request("GET", "/data/?cmd=set&key=%", "", "")
	bearer.Header.Set("Authorization", "Bearer "+token)
	n.do(bearer)
	raw := n.dial()
	raw.send("GET /data/?pass=" + testPassword + " HTTP/1.1\r\nbroken\r\n\r\n")
	raw.receive("GET")

	for _, secret := range []string{testPassword, strings.ReplaceAll(testPassword, " ", "+"), "guess", token, token[len(token)-20:], b64(token)[:40], "wrong-token", "the-value", "Bearer", "a-key"} {
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

func TestLoggedPath(t *testing.T) {
	s, err := New(Options{Password: testPassword, TokenSecret: testSecret})
	if err != nil {
		t.Fatal(err)
	}
	long := "/" + strings.Repeat("x", 1000)
	for path, want := range map[string]string{
		"":                  "",
		"/":                 "/",
		"/data":             "/data",
		"/data/":            "/data/",
		"/data/KEY":         "/data/…",
		"/data/KEY/":        "/data/…",
		"/other":            "/other",
		"/other/":           "/other/",
		"/other/deep/KEY":   "/other/…",
		long:                long[:maxLoggedPath] + "…",
		long + "/KEY":       long[:maxLoggedPath] + "…",
		"/a/" + long[1:]:    "/a/…",
		"no slash in front": "no slash in front",
	} {
		if got := s.loggedPath([]byte(path)); got != want {
			t.Errorf("%.40q: %q, want %q", path, got, want)
		}
	}
}
