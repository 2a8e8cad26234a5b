package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

// fromPage asks for path as a web page of these origins does.
func (n *node) fromPage(method, path string, origins []string, more ...string) answer {
	n.t.Helper()
	req := n.request(method, path, "", "")
	req.Header["Origin"] = origins
	for i := 0; i+1 < len(more); i += 2 {
		req.Header.Set(more[i], more[i+1])
	}
	return n.do(req)
}

func TestCORSIsOffByDefault(t *testing.T) {
	n := start(t, nil)
	for _, method := range []string{"GET", "OPTIONS"} {
		a := n.fromPage(method, "/data/?cmd=ping", []string{"https://a.example"}, "Access-Control-Request-Method", "GET")
		for name := range a.header {
			if strings.HasPrefix(name, "Access-Control") || name == "Vary" {
				t.Errorf("%s: header %s", method, name)
			}
		}
		if a.status != 200 {
			t.Errorf("%s: status %d", method, a.status)
		}
	}
}

func TestCORSOrigins(t *testing.T) {
	const page = "https://www.example.com"
	list := []string{"HTTPS://WWW.example.com:443", "http://localhost:3000", "capacitor://localhost", "http://[::1]:8080"}
	for _, tt := range []struct {
		allowed []string
		origins []string
		answer  string // Access-Control-Allow-Origin
	}{
		{list, []string{page}, page},
		{list, []string{"http://localhost:3000"}, "http://localhost:3000"},
		{list, []string{"capacitor://localhost"}, "capacitor://localhost"},
		{list, []string{"http://[::1]:8080"}, "http://[::1]:8080"},
		{list, nil, ""},
		{list, []string{"null"}, ""},
		{list, []string{""}, ""},
		{list, []string{"*"}, ""},
		{list, []string{page, page}, ""},
		{list, []string{"https://WWW.example.com"}, ""}, // no browser writes it like this
		{list, []string{page + "/"}, ""},
		{list, []string{page + ":443"}, ""},
		{list, []string{page + ":8443"}, ""},
		{list, []string{"http://www.example.com"}, ""},
		{list, []string{"https://example.com"}, ""},
		{list, []string{page + ".evil.example"}, ""},
		{list, []string{"https://evil.example@www.example.com"}, ""},
		{list, []string{"http://localhost"}, ""},
		{list, []string{page + ", http://localhost:3000"}, ""},
		{[]string{"*"}, []string{page}, "*"},
		{[]string{"*"}, []string{"null"}, "*"},
		{[]string{"*"}, nil, "*"},
		{[]string{"*"}, []string{page, page}, "*"},
	} {
		n := start(t, func(o *Options) { o.AllowedOrigins = tt.allowed })
		a := n.fromPage("GET", "/data/?cmd=get&key=none", tt.origins)
		if got := a.header.Get("Access-Control-Allow-Origin"); got != tt.answer || a.status != 404 {
			t.Errorf("%q for %q: %q, status %d", tt.origins, tt.allowed, got, a.status)
		}
		if tt.answer != "" && a.header.Get("Access-Control-Expose-Headers") != exposedHeaders {
			t.Errorf("%q: %v", tt.origins, a.header)
		}
		if a.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%q: credentials are allowed", tt.origins)
		}
		if listed := tt.allowed[0] != "*"; listed != (a.header.Get("Vary") == "Origin") {
			t.Errorf("%q for %q: Vary %q", tt.origins, tt.allowed, a.header.Get("Vary"))
		}
	}
}

// Pages can read why they are refused, wherever that happens.
func TestCORSOnEveryAnswer(t *testing.T) {
	n := start(t, func(o *Options) { o.AllowedOrigins = []string{"https://a.example"}; o.MaxValueSize = 1000 })
	const head = "Origin: https://a.example\r\n"
	for _, tt := range []struct {
		request string
		status  int
	}{
		{"GET /none HTTP/1.1\r\nHost: localhost\r\n" + head + "\r\n", 404},
		{"GET /livez HTTP/1.1\r\nHost: evil.example\r\n" + head + "\r\n", 421},
		{"PUT /livez HTTP/1.1\r\nHost: localhost\r\n" + head + "\r\n", 405},
		{"POST /data/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999\r\n" + head + "\r\n", 413},
		{"GET /data/?cmd=set&key=k HTTP/1.1\r\nHost: localhost\r\n" + head + "\r\n", 401},
		{"GET /server/?cmd=getall HTTP/1.1\r\nHost: localhost\r\n" + head + "\r\n", 401},
		{"POST /data/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n" + head + "\r\n", 400},
		{"GET /data/?cmd=ping HTTP/1.1\r\nHost: localhost\r\n" + head + "\r\n", 200},
	} {
		c := n.dial()
		c.send(tt.request)
		a := c.receive("GET")
		if a.status != tt.status || a.header.Get("Access-Control-Allow-Origin") != "https://a.example" {
			t.Errorf("%.40q: status %d, want %d, %v", tt.request, a.status, tt.status, a.header)
		}
	}
}

func TestCORSPreflight(t *testing.T) {
	n := start(t, func(o *Options) { o.AllowedOrigins = []string{"https://a.example"}; o.WebSocket = true })
	const asks = "Access-Control-Request-Method"
	for _, r := range n.routeTable() {
		a := n.fromPage("OPTIONS", r.path, []string{"https://a.example"}, asks, "POST", "Access-Control-Request-Headers", "authorization,x-evil")
		h := a.header
		if r.unshared {
			if a.status != 405 || h.Get("Access-Control-Allow-Origin") != "" || h.Get("Access-Control-Allow-Methods") != "" {
				t.Errorf("%s: status %d, %v", r.path, a.status, h)
			}
			continue
		}
		methods := r.methods
		if methods == "" {
			methods = "GET, HEAD, POST, PUT, PATCH, DELETE"
		}
		if a.status != 204 || a.body != "" || h.Get("Access-Control-Allow-Origin") != "https://a.example" ||
			h.Get("Access-Control-Allow-Methods") != methods || h.Get("Access-Control-Max-Age") == "" ||
			!strings.Contains(h.Get("Access-Control-Allow-Headers"), "Authorization") || strings.Contains(strings.ToLower(fmt.Sprint(h)), "x-evil") {
			t.Errorf("%s: status %d, %v", r.path, a.status, h)
		}
	}
	if a := n.fromPage("OPTIONS", "/data/", []string{"https://b.example"}, asks, "POST"); a.status != 403 || a.reason() == "" || a.header.Get("Access-Control-Allow-Methods") != "" {
		t.Errorf("another origin: status %d, %v", a.status, a.header)
	}
	if a := n.fromPage("OPTIONS", "/none", []string{"https://a.example"}, asks, "POST"); a.status != 404 {
		t.Errorf("no such path: status %d", a.status)
	}
	// The classic protocol takes any method: without the question it is a command.
	if a := n.fromPage("OPTIONS", "/data/?cmd=ping", []string{"https://a.example"}); a.status != 200 || a.body != "PONG" {
		t.Errorf("a command: status %d, %q", a.status, a.body)
	}
	if a := n.fromPage("GET", "/data/?cmd=ping", []string{"https://a.example"}, asks, "POST"); a.status != 200 || a.body != "PONG" {
		t.Errorf("a request with the question: status %d, %q", a.status, a.body)
	}
	// The connection goes on.
	c := n.dial()
	for range 2 {
		c.send("OPTIONS /data/ HTTP/1.1\r\nHost: localhost\r\nOrigin: https://a.example\r\n" + asks + ": GET\r\n\r\n")
		if a := c.receive("OPTIONS"); a.status != 204 || a.close {
			t.Errorf("status %d, %v", a.status, a.header)
		}
	}
}

// What operators and their programs use is for no page of another origin.
func TestUnsharedRoutes(t *testing.T) {
	n := start(t, func(o *Options) { o.AllowedOrigins = []string{"*"} })
	for _, r := range n.routeTable() {
		want := strings.HasPrefix(r.path, "/admin/") || r.path == "/metrics"
		a := n.fromPage("GET", r.path, []string{"https://a.example"})
		if shared := a.header.Get("Access-Control-Allow-Origin") == "*"; r.unshared != want || shared == want {
			t.Errorf("%s: unshared %v, %v", r.path, r.unshared, a.header)
		}
	}
}

func TestCORSOpensSockets(t *testing.T) {
	for _, tt := range []struct {
		allowed, origins []string
		host             string
		status           int
	}{
		{[]string{"https://a.example"}, []string{"https://a.example"}, "localhost", 101},
		{[]string{"https://a.example"}, []string{"https://b.example"}, "localhost", 403},
		{[]string{"https://a.example"}, []string{"http://localhost"}, "localhost", 101},
		{[]string{"https://a.example"}, []string{"null"}, "localhost", 403},
		{[]string{"https://a.example"}, []string{"https://a.example", "https://a.example"}, "localhost", 403},
		{[]string{"https://a.example"}, []string{"https://a.example"}, "a.example", 421},
		{[]string{"*"}, []string{"https://b.example"}, "localhost", 101},
		{[]string{"*"}, []string{"null"}, "localhost", 101},
		{[]string{"*"}, []string{"http://evil.example"}, "evil.example", 421},
	} {
		n := startSockets(t, func(o *Options) { o.AllowedOrigins = tt.allowed })
		ws, resp, err := websocket.DefaultDialer.Dial("ws://"+n.addr+"/ws", http.Header{"Host": {tt.host}, "Origin": tt.origins})
		if resp == nil || resp.StatusCode != tt.status {
			t.Errorf("%q at %s, with %q: %v, %v", tt.origins, tt.host, tt.allowed, resp, err)
		}
		if err == nil {
			_ = ws.Close()
		}
	}
}

func TestCheckOrigins(t *testing.T) {
	for _, tt := range []struct {
		list []string
		ok   bool
	}{
		{nil, true},
		{[]string{"*"}, true},
		{[]string{"http://a.example", "https://a.example:8443", "http://10.0.0.1:80", "http://[::1]"}, true},
		{[]string{"capacitor://localhost", "chrome-extension://abcdef"}, true},
		{[]string{"*", "http://a.example"}, false},
		{[]string{"a.example"}, false},
		{[]string{"//a.example"}, false},
		{[]string{"null"}, false},
		{[]string{""}, false},
		{[]string{"http://"}, false},
		{[]string{"http://:80"}, false},
		{[]string{"http://a.example/"}, false},
		{[]string{"http://a.example/page"}, false},
		{[]string{"http://a.example?"}, false},
		{[]string{"http://a.example#"}, false},
		{[]string{"http://user@a.example"}, false},
		{[]string{"http://a.example:"}, false},
		{[]string{"http://a.example:http"}, false},
		{[]string{"https://*.a.example"}, false},
		{[]string{"https://bücher.example"}, false},
		{[]string{"http://a.example\r\nX: y"}, false},
	} {
		if err := CheckOrigins(tt.list); (err == nil) != tt.ok {
			t.Errorf("%q: %v", tt.list, err)
		}
	}
	if _, err := New(Options{Password: testPassword, TokenSecret: testSecret, AllowedOrigins: []string{"x"}}); err == nil || !strings.Contains(err.Error(), `origin "x"`) {
		t.Errorf("New: %v", err)
	}
}

// What is accepted as an origin has one form, in which it is accepted and allowed again.
func FuzzCheckOrigins(f *testing.F) {
	for _, s := range []string{"*", "https://a.example", "HTTP://A.example:80", "http://[::1]:8080", "null", "https://a.example/", "capacitor://localhost", "http://a:b@c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if CheckOrigins([]string{s}) != nil || s == "*" {
			return
		}
		sent, err := browserOrigin(s)
		if err != nil || CheckOrigins([]string{sent}) != nil || strings.ContainsAny(sent, " \r\n*,%?#@") {
			t.Fatalf("%q is accepted and becomes %q, %v", s, sent, err)
		}
		if again, err := browserOrigin(sent); err != nil || again != sent {
			t.Fatalf("%q becomes %q and then %q, %v", s, sent, again, err)
		}
		if c := newCORS([]string{s}); !c.allows([]byte(sent)) || c.allows([]byte(sent+"x")) || c.allows(nil) {
			t.Fatalf("%q: %q", s, sent)
		}
	})
}
