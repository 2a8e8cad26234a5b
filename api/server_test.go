package api_test

import (
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"owlcache/api"
	"owlcache/api/access"
	"owlcache/api/internal/apitest"
	"owlcache/api/internal/exchange"
	"owlcache/api/internal/node"
	"owlcache/engine"
)

func TestOptionsAreChecked(t *testing.T) {
	_, err := api.New(api.Options{
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
	n := apitest.Start(t, nil)
	for _, tt := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/", 200}, {"HEAD", "/", 200}, {"POST", "/", 405},
		{"GET", "/livez", 200}, {"DELETE", "/livez", 405}, {"GET", "/readyz", 200}, {"HEAD", "/metrics", 200}, {"PUT", "/metrics", 405},
		{"GET", "/nothing", 404}, {"GET", "/data/more", 404}, {"GET", "/DATA/", 404}, {"POST", "/nothing", 404},
	} {
		a := n.Do(n.Request(tt.method, tt.path, "", ""))
		if a.Status != tt.status {
			t.Errorf("%s %s: status %d, want %d", tt.method, tt.path, a.Status, tt.status)
		}
		if tt.status >= 400 && (a.Reason() == "" || a.Header.Get("Content-Type") != exchange.TypeText) {
			t.Errorf("%s %s: header %v", tt.method, tt.path, a.Header)
		}
		if tt.status == 405 && a.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s %s: Allow %q", tt.method, tt.path, a.Header.Get("Allow"))
		}
	}
	if a := n.Get("/"); !strings.Contains(a.Body, "owlcache 0.6.0") || !strings.Contains(a.Body, n.Addr+"/data/") {
		t.Errorf("welcome page: %s", a.Body)
	}
}

// TestAccessClasses walks both tables: everything has a class, and what wants a
// token is not to be had without.
func TestAccessClasses(t *testing.T) {
	n := apitest.Start(t, nil)
	known := []access.Class{access.Public, access.Login, access.Token, access.PerCommand}
	for _, r := range n.Routes() {
		if !contains(known, r.Access) {
			t.Errorf("route %s: access class %d", r.Path, r.Access)
		}
		if a := n.Get(r.Path); r.Access == access.Token && a.Status != 401 {
			t.Errorf("route %s: status %d without a token", r.Path, a.Status)
		}
	}
	for _, c := range n.Commands() {
		if !contains(known[:3], c.Access) {
			t.Errorf("command %s: access class %d", c.Name, c.Access)
		}
		a := n.Cmd("cmd", c.Name, "key", "k", "exptime", "1")
		if (a.Status == 401) != (c.Access == access.Token) {
			t.Errorf("command %s: status %d without a token", c.Name, a.Status)
		}
	}
}

func contains(list []access.Class, a access.Class) bool {
	for _, b := range list {
		if a == b {
			return true
		}
	}
	return false
}

func TestTokenRoute(t *testing.T) {
	n := apitest.Start(t, nil)
	token := n.Token()
	n.AddRoute("/admin", access.Token, func(x *exchange.Exchange, _ node.Store) { x.Text(200, "in") })
	if a := n.Get("/admin"); a.Status != 401 || a.Reason() == "" {
		t.Errorf("without: status %d", a.Status)
	}
	if a := n.Get("/admin?token=" + token); a.Status != 200 {
		t.Errorf("in the query: status %d", a.Status)
	}
	if a := n.Do(n.Request("POST", "/admin", apitest.FormType, "token="+token)); a.Status != 200 {
		t.Errorf("in the body: status %d", a.Status)
	}
}

func TestPipelining(t *testing.T) {
	n := apitest.Start(t, nil)
	for i := range 50 {
		n.Store.M[fmt.Sprint(i)] = apitest.Entry{Value: []byte(strings.Repeat("v", 200*i)), Meta: engine.Meta{Created: 1}}
	}
	c := n.Dial()
	var all strings.Builder
	for i := range 50 {
		body := fmt.Sprintf("cmd=get&key=%d", i)
		fmt.Fprintf(&all, "POST /data/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", apitest.FormType, len(body), body)
	}
	c.Send(all.String())
	for i := range 50 {
		if a := c.Receive("POST"); a.Status != 200 || len(a.Body) != 200*i {
			t.Fatalf("answer %d: status %d, %d bytes", i, a.Status, len(a.Body))
		}
	}
}

func TestHeadersTooLarge(t *testing.T) {
	n := apitest.Start(t, nil)
	key := strings.Repeat("\xff", engine.MaxKeySize) // 24 KiB in the request line
	if a := n.Cmd("cmd", "exist", "key", key); a.Status != 404 || a.Header.Get("Key") != key {
		t.Errorf("largest key: status %d", a.Status)
	}
	c := n.Dial()
	c.Send("GET /livez HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("x", 40<<10) + "\r\n\r\n")
	if a := c.Receive("GET"); a.Status != 431 || a.Reason() == "" || !c.Ended() {
		t.Errorf("status %d, %v", a.Status, a.Header)
	}
}

func TestMalformedRequest(t *testing.T) {
	n := apitest.Start(t, nil)
	for _, request := range []string{
		"\x16\x03\x01\x00\x05hello\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/1.1\r\nbroken header\r\n\r\n",
		"POST /data/ HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n", "POST /data/ HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
		"GET /?pass=secret HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
	} {
		c := n.Dial()
		c.Send(request)
		a := c.Receive("GET")
		if a.Status != 400 || a.Header.Get("Server") != "owlcache 0.6.0" || a.Reason() == "" || strings.Contains(a.Body, "secret") || !c.Ended() {
			t.Errorf("%.30q: status %d, %q, %v", request, a.Status, a.Body, a.Header)
		}
	}
}

func TestPanicIsAnAnswer(t *testing.T) {
	var log apitest.Log
	n := apitest.Start(t, func(o *api.Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	n.Store.OnGet = func() { panic("the shelf broke") }
	for range 3 {
		if a := n.Cmd("cmd", "get", "key", "k"); a.Status != 500 || a.Reason() == "" || strings.Contains(a.Body, "shelf") {
			t.Errorf("status %d, %q", a.Status, a.Body)
		}
	}
	if a := n.Get("/livez"); a.Status != 200 {
		t.Errorf("afterwards: status %d", a.Status)
	}
	if !strings.Contains(log.String(), "the shelf broke") {
		t.Errorf("log: %s", log.String())
	}
}

func TestLoading(t *testing.T) {
	n := apitest.StartLoading(t, nil)
	if a := n.Get("/readyz"); a.Status != 503 || a.Body != "loading\n" {
		t.Errorf("status %d, %q", a.Status, a.Body)
	}
	n.SetLoading(func() string { return "snapshot 43 %" })
	if a := n.Get("/readyz"); a.Status != 503 || a.Body != "loading: snapshot 43 %\n" {
		t.Errorf("status %d, %q", a.Status, a.Body)
	}
	if a := n.Get("/livez"); a.Status != 200 || a.Body != "loading: snapshot 43 %\n" {
		t.Errorf("livez: status %d, %q", a.Status, a.Body)
	}
	if a := n.Get("/metrics"); a.Status != 200 || !strings.Contains(a.Body, "owlcache_ready 0\n") {
		t.Errorf("metrics: status %d", a.Status)
	}

	answers := make(chan apitest.Answer, 1)
	go func() { answers <- n.Cmd("cmd", "ping") }()
	apitest.Eventually(t, "the request is held", func() bool { return n.HTTP.Counts().Busy == 1 })
	n.Ready(n.Store)
	n.Ready(apitest.NewMemStore()) // does not count
	if a := <-answers; a.Status != 200 || a.Body != "PONG" {
		t.Errorf("held: status %d, %q", a.Status, a.Body)
	}
	if n.Node.Gate.Peek() != api.Store(n.Store) {
		t.Error("the second store counts")
	}
}

func TestLoadingTakesTooLong(t *testing.T) {
	n := apitest.StartLoading(t, nil)
	n.Node.Gate.Hold = time.Millisecond
	a := n.Cmd("cmd", "get", "key", "k")
	if a.Status != 503 || a.Header.Get("Retry-After") != "1" || a.Body != "loading\n" || a.Header.Get("Content-Type") != exchange.TypeText {
		t.Errorf("status %d, %q, %v", a.Status, a.Body, a.Header)
	}
}

func TestHealth(t *testing.T) {
	n := apitest.Start(t, nil)
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
		n.Store.SetHealth(tt.state, tt.why)
		ready, live := n.Get("/readyz"), n.Get("/livez")
		if ready.Status != tt.ready || live.Status != 200 {
			t.Errorf("state %d: readyz %d, livez %d", tt.state, ready.Status, live.Status)
		}
		if !strings.Contains(ready.Body, tt.text) || live.Body != ready.Body || tt.why != nil && !strings.Contains(ready.Body, tt.why.Error()) {
			t.Errorf("state %d: readyz %q, livez %q", tt.state, ready.Body, live.Body)
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
		if got := (api.Options{ResponseHost: tt.host, HTTPPort: tt.port}).ResponseHostOf(addr); got != tt.want {
			t.Errorf("%s %d: %q", tt.host, tt.port, got)
		}
	}
}
