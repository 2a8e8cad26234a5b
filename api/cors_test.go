package api_test

import (
	"fmt"
	"net/http"
	"owlcache/api"
	"owlcache/api/internal/apitest"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

// fromPage asks for path as a web page of these origins does.
func fromPage(n *apitest.Node, method, path string, origins []string, more ...string) apitest.Answer {
	n.T.Helper()
	req := n.Request(method, path, "", "")
	req.Header["Origin"] = origins
	for i := 0; i+1 < len(more); i += 2 {
		req.Header.Set(more[i], more[i+1])
	}
	return n.Do(req)
}

func TestCORSIsOffByDefault(t *testing.T) {
	n := apitest.Start(t, nil)
	for _, method := range []string{"GET", "OPTIONS"} {
		a := fromPage(n, method, "/data/?cmd=ping", []string{"https://a.example"}, "Access-Control-Request-Method", "GET")
		for name := range a.Header {
			if strings.HasPrefix(name, "Access-Control") || name == "Vary" {
				t.Errorf("%s: header %s", method, name)
			}
		}
		if a.Status != 200 {
			t.Errorf("%s: status %d", method, a.Status)
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
		n := apitest.Start(t, func(o *api.Options) { o.AllowedOrigins = tt.allowed })
		a := fromPage(n, "GET", "/data/?cmd=get&key=none", tt.origins)
		if got := a.Header.Get("Access-Control-Allow-Origin"); got != tt.answer || a.Status != 404 {
			t.Errorf("%q for %q: %q, status %d", tt.origins, tt.allowed, got, a.Status)
		}
		if tt.answer != "" && a.Header.Get("Access-Control-Expose-Headers") != api.ExposedHeaders {
			t.Errorf("%q: %v", tt.origins, a.Header)
		}
		if a.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%q: credentials are allowed", tt.origins)
		}
		if listed := tt.allowed[0] != "*"; listed != (a.Header.Get("Vary") == "Origin") {
			t.Errorf("%q for %q: Vary %q", tt.origins, tt.allowed, a.Header.Get("Vary"))
		}
	}
}

// Pages can read why they are refused, wherever that happens.
func TestCORSOnEveryAnswer(t *testing.T) {
	n := apitest.Start(t, func(o *api.Options) { o.AllowedOrigins = []string{"https://a.example"}; o.MaxValueSize = 1000 })
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
		c := n.Dial()
		c.Send(tt.request)
		a := c.Receive("GET")
		if a.Status != tt.status || a.Header.Get("Access-Control-Allow-Origin") != "https://a.example" {
			t.Errorf("%.40q: status %d, want %d, %v", tt.request, a.Status, tt.status, a.Header)
		}
	}
}

func TestCORSPreflight(t *testing.T) {
	n := apitest.Start(t, func(o *api.Options) { o.AllowedOrigins = []string{"https://a.example"}; o.WebSocket = true })
	const asks = "Access-Control-Request-Method"
	for _, r := range n.Routes() {
		a := fromPage(n, "OPTIONS", r.Path, []string{"https://a.example"}, asks, "POST", "Access-Control-Request-Headers", "authorization,x-evil")
		h := a.Header
		if r.Unshared {
			if a.Status != 405 || h.Get("Access-Control-Allow-Origin") != "" || h.Get("Access-Control-Allow-Methods") != "" {
				t.Errorf("%s: status %d, %v", r.Path, a.Status, h)
			}
			continue
		}
		methods := r.Methods
		if methods == "" {
			methods = "GET, HEAD, POST, PUT, PATCH, DELETE"
		}
		if a.Status != 204 || a.Body != "" || h.Get("Access-Control-Allow-Origin") != "https://a.example" ||
			h.Get("Access-Control-Allow-Methods") != methods || h.Get("Access-Control-Max-Age") == "" ||
			!strings.Contains(h.Get("Access-Control-Allow-Headers"), "Authorization") || strings.Contains(strings.ToLower(fmt.Sprint(h)), "x-evil") {
			t.Errorf("%s: status %d, %v", r.Path, a.Status, h)
		}
	}
	if a := fromPage(n, "OPTIONS", "/data/", []string{"https://b.example"}, asks, "POST"); a.Status != 403 || a.Reason() == "" || a.Header.Get("Access-Control-Allow-Methods") != "" {
		t.Errorf("another origin: status %d, %v", a.Status, a.Header)
	}
	if a := fromPage(n, "OPTIONS", "/none", []string{"https://a.example"}, asks, "POST"); a.Status != 404 {
		t.Errorf("no such path: status %d", a.Status)
	}
	// The classic protocol takes any method: without the question it is a command.
	if a := fromPage(n, "OPTIONS", "/data/?cmd=ping", []string{"https://a.example"}); a.Status != 200 || a.Body != "PONG" {
		t.Errorf("a command: status %d, %q", a.Status, a.Body)
	}
	if a := fromPage(n, "GET", "/data/?cmd=ping", []string{"https://a.example"}, asks, "POST"); a.Status != 200 || a.Body != "PONG" {
		t.Errorf("a request with the question: status %d, %q", a.Status, a.Body)
	}
	// The connection goes on.
	c := n.Dial()
	for range 2 {
		c.Send("OPTIONS /data/ HTTP/1.1\r\nHost: localhost\r\nOrigin: https://a.example\r\n" + asks + ": GET\r\n\r\n")
		if a := c.Receive("OPTIONS"); a.Status != 204 || a.Close {
			t.Errorf("status %d, %v", a.Status, a.Header)
		}
	}
}

// What operators and their programs use is for no page of another origin.
func TestUnsharedRoutes(t *testing.T) {
	n := apitest.Start(t, func(o *api.Options) { o.AllowedOrigins = []string{"*"} })
	for _, r := range n.Routes() {
		want := strings.HasPrefix(r.Path, "/admin/") || r.Path == "/metrics"
		a := fromPage(n, "GET", r.Path, []string{"https://a.example"})
		if shared := a.Header.Get("Access-Control-Allow-Origin") == "*"; r.Unshared != want || shared == want {
			t.Errorf("%s: unshared %v, %v", r.Path, r.Unshared, a.Header)
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
		n := apitest.StartSockets(t, func(o *api.Options) { o.AllowedOrigins = tt.allowed })
		ws, resp, err := websocket.DefaultDialer.Dial("ws://"+n.Addr+"/ws", http.Header{"Host": {tt.host}, "Origin": tt.origins})
		if resp == nil || resp.StatusCode != tt.status {
			t.Errorf("%q at %s, with %q: %v, %v", tt.origins, tt.host, tt.allowed, resp, err)
		}
		if err == nil {
			_ = ws.Close()
		}
	}
}

func TestOptionsNameBadOrigins(t *testing.T) {
	if _, err := api.New(api.Options{Password: apitest.Password, TokenSecret: apitest.Secret(), AllowedOrigins: []string{"x"}}); err == nil || !strings.Contains(err.Error(), `origin "x"`) {
		t.Errorf("New: %v", err)
	}
}
