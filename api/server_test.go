package api

import (
	"bytes"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"owlcache/engine"
)

func TestOptionsAreChecked(t *testing.T) {
	_, err := New(Options{
		TokenSecret: []byte("short"), TokenLifetime: -1, MaxValueSize: engine.MaxValueSize + 1, MaxConns: -1, MaxConnsPerIP: -1,
		ReadTimeout: -1, WriteTimeout: -1, IdleTimeout: -1, MaxHeaderSize: 1, MaxBodyMemory: -1, HTTPPort: 70000, ResponseHost: "a\nb", Version: "\r",
	})
	if err == nil {
		t.Fatal("no error")
	}
	if got := strings.Count(err.Error(), "\n") + 1; got != 14 {
		t.Errorf("%d mistakes named, want 14:\n%v", got, err)
	}
	if strings.Contains(err.Error(), "short") {
		t.Errorf("the error shows the secret: %v", err)
	}
}

func TestPathsAndMethods(t *testing.T) {
	n := start(t, nil)
	for _, tt := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/", 200}, {"HEAD", "/", 200}, {"POST", "/", 405},
		{"GET", "/livez", 200}, {"DELETE", "/livez", 405}, {"GET", "/readyz", 200}, {"HEAD", "/metrics", 200}, {"PUT", "/metrics", 405},
		{"GET", "/nothing", 404}, {"GET", "/data/more", 404}, {"GET", "/DATA/", 404}, {"POST", "/nothing", 404},
	} {
		a := n.do(n.request(tt.method, tt.path, "", ""))
		if a.status != tt.status {
			t.Errorf("%s %s: status %d, want %d", tt.method, tt.path, a.status, tt.status)
		}
		if tt.status >= 400 && (a.reason() == "" || a.header.Get("Content-Type") != typeText) {
			t.Errorf("%s %s: header %v", tt.method, tt.path, a.header)
		}
		if tt.status == 405 && a.header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s %s: Allow %q", tt.method, tt.path, a.header.Get("Allow"))
		}
	}
	if a := n.get("/"); !strings.Contains(a.body, "owlcache 0.6.0") || !strings.Contains(a.body, n.addr+"/data/") {
		t.Errorf("welcome page: %s", a.body)
	}
}

// TestAccessClasses walks both tables: everything has a class, and what wants a
// token is not to be had without.
func TestAccessClasses(t *testing.T) {
	n := start(t, nil)
	known := []access{accessPublic, accessLogin, accessToken, accessPerCommand}
	for _, r := range n.routeTable() {
		if !contains(known, r.access) {
			t.Errorf("route %s: access class %d", r.path, r.access)
		}
		if a := n.get(r.path); r.access == accessToken && a.status != 401 {
			t.Errorf("route %s: status %d without a token", r.path, a.status)
		}
	}
	for _, c := range commands() {
		if !contains(known[:3], c.access) {
			t.Errorf("command %s: access class %d", c.name, c.access)
		}
		a := n.cmd("cmd", c.name, "key", "k", "exptime", "1")
		if (a.status == 401) != (c.access == accessToken) {
			t.Errorf("command %s: status %d without a token", c.name, a.status)
		}
	}
	for _, bad := range [][]route{
		{{path: "/new", serve: serveWelcome}}, {{path: "/new", access: accessToken}},
		{{path: "/new", access: accessToken, serve: serveWelcome}, {path: "/new", access: accessPublic, serve: serveWelcome}},
	} {
		if _, err := indexRoutes(bad); err == nil {
			t.Errorf("no error for %+v", bad)
		}
	}
}

func contains(list []access, a access) bool {
	for _, b := range list {
		if a == b {
			return true
		}
	}
	return false
}

func TestTokenRoute(t *testing.T) {
	n := start(t, nil)
	token := n.token()
	n.routes["/admin"] = &route{path: "/admin", access: accessToken, form: true, serve: func(x *exchange) { x.text(200, "in") }}
	if a := n.get("/admin"); a.status != 401 || a.reason() == "" {
		t.Errorf("without: status %d", a.status)
	}
	if a := n.get("/admin?token=" + token); a.status != 200 {
		t.Errorf("in the query: status %d", a.status)
	}
	if a := n.do(n.request("POST", "/admin", formType, "token="+token)); a.status != 200 {
		t.Errorf("in the body: status %d", a.status)
	}
}

func TestPipelining(t *testing.T) {
	n := start(t, nil)
	for i := range 50 {
		n.store.m[fmt.Sprint(i)] = memEntry{[]byte(strings.Repeat("v", 200*i)), engine.Meta{Created: 1}}
	}
	c := n.dial()
	var all strings.Builder
	for i := range 50 {
		body := fmt.Sprintf("cmd=get&key=%d", i)
		fmt.Fprintf(&all, "POST /data/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", formType, len(body), body)
	}
	c.send(all.String())
	for i := range 50 {
		if a := c.receive("POST"); a.status != 200 || len(a.body) != 200*i {
			t.Fatalf("answer %d: status %d, %d bytes", i, a.status, len(a.body))
		}
	}
}

func TestHeadersTooLarge(t *testing.T) {
	n := start(t, nil)
	key := strings.Repeat("\xff", engine.MaxKeySize) // 24 KiB in the request line
	if a := n.cmd("cmd", "exist", "key", key); a.status != 404 || a.header.Get("Key") != key {
		t.Errorf("largest key: status %d", a.status)
	}
	c := n.dial()
	c.send("GET /livez HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("x", 40<<10) + "\r\n\r\n")
	if a := c.receive("GET"); a.status != 431 || a.reason() == "" || !c.ended() {
		t.Errorf("status %d, %v", a.status, a.header)
	}
}

func TestMalformedRequest(t *testing.T) {
	n := start(t, nil)
	for _, request := range []string{
		"\x16\x03\x01\x00\x05hello\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/1.1\r\nbroken header\r\n\r\n",
		"POST /data/ HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n", "POST /data/ HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
		"GET /?pass=secret HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
	} {
		c := n.dial()
		c.send(request)
		a := c.receive("GET")
		if a.status != 400 || a.header.Get("Server") != "owlcache 0.6.0" || a.reason() == "" || strings.Contains(a.body, "secret") || !c.ended() {
			t.Errorf("%.30q: status %d, %q, %v", request, a.status, a.body, a.header)
		}
	}
}

func TestPanicIsAnAnswer(t *testing.T) {
	var log logBuffer
	n := start(t, func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	n.store.onGet = func() { panic("the shelf broke") }
	for range 3 {
		if a := n.cmd("cmd", "get", "key", "k"); a.status != 500 || a.reason() == "" || strings.Contains(a.body, "shelf") {
			t.Errorf("status %d, %q", a.status, a.body)
		}
	}
	if a := n.get("/livez"); a.status != 200 {
		t.Errorf("afterwards: status %d", a.status)
	}
	if !strings.Contains(log.String(), "the shelf broke") {
		t.Errorf("log: %s", log.String())
	}
}

// logBuffer lets a test read what a logger writes, also while it does.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestLoading(t *testing.T) {
	n := startLoading(t, nil)
	if a := n.get("/readyz"); a.status != 503 || a.body != "loading\n" {
		t.Errorf("status %d, %q", a.status, a.body)
	}
	n.SetLoading(func() string { return "snapshot 43 %" })
	if a := n.get("/readyz"); a.status != 503 || a.body != "loading: snapshot 43 %\n" {
		t.Errorf("status %d, %q", a.status, a.body)
	}
	if a := n.get("/livez"); a.status != 200 || a.body != "loading: snapshot 43 %\n" {
		t.Errorf("livez: status %d, %q", a.status, a.body)
	}
	if a := n.get("/metrics"); a.status != 200 || !strings.Contains(a.body, "owlcache_ready 0\n") {
		t.Errorf("metrics: status %d", a.status)
	}

	answers := make(chan answer, 1)
	go func() { answers <- n.cmd("cmd", "ping") }()
	eventually(t, "the request is held", func() bool { _, busy, _ := n.conns.counts(); return busy == 1 })
	n.Ready(n.store)
	n.Ready(newMemStore()) // does not count
	if a := <-answers; a.status != 200 || a.body != "PONG" {
		t.Errorf("held: status %d, %q", a.status, a.body)
	}
	if n.gate.peek() != Store(n.store) {
		t.Error("the second store counts")
	}
}

func TestLoadingTakesTooLong(t *testing.T) {
	n := startLoading(t, nil)
	n.gate.hold = time.Millisecond
	a := n.cmd("cmd", "get", "key", "k")
	if a.status != 503 || a.header.Get("Retry-After") != "1" || a.body != "loading\n" || a.header.Get("Content-Type") != typeText {
		t.Errorf("status %d, %q, %v", a.status, a.body, a.header)
	}
}

func TestHealth(t *testing.T) {
	n := start(t, nil)
	for _, tt := range []struct {
		state engine.State
		why   error
		ready int
		text  string
	}{
		{engine.Writable, nil, 200, "ok\n"},
		{engine.DiskFull, engine.ErrNoSpace, 503, "reads are served"},
		{engine.ReadOnly, engine.ErrReadOnly, 503, "reads are served"},
		{engine.Closed, nil, 503, "closed"},
	} {
		n.store.setHealth(tt.state, tt.why)
		ready, live := n.get("/readyz"), n.get("/livez")
		if ready.status != tt.ready || live.status != 200 {
			t.Errorf("state %d: readyz %d, livez %d", tt.state, ready.status, live.status)
		}
		if !strings.Contains(ready.body, tt.text) || live.body != ready.body || tt.why != nil && !strings.Contains(ready.body, tt.why.Error()) {
			t.Errorf("state %d: readyz %q, livez %q", tt.state, ready.body, live.body)
		}
	}
}

func TestResponseHost(t *testing.T) {
	addr := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1234}
	for _, tt := range []struct {
		host string
		port int
		want string
	}{{"127.0.0.1", 0, "127.0.0.1:1234"}, {"node.example", 7721, "node.example:7721"}, {"::1", 7721, "[::1]:7721"}, {"[::1]", 7721, "[::1]:7721"}} {
		if got := (Options{ResponseHost: tt.host, HTTPPort: tt.port}).responseHost(addr); got != tt.want {
			t.Errorf("%s %d: %q", tt.host, tt.port, got)
		}
	}
}
