package socket_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"owlcache/api"
	"owlcache/api/internal/apitest"
	"owlcache/api/internal/exchange"
	"owlcache/engine"
)

func TestSocketHandshake(t *testing.T) {
	n := apitest.StartSockets(t, nil)
	const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	const good = "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n" + key
	for _, tt := range []struct {
		name, head string
		status     int
	}{
		{"good", "GET /ws HTTP/1.1\r\nHost: localhost\r\n" + good, 101},
		{"with a query", "GET /ws?a=b HTTP/1.1\r\nHost: localhost\r\n" + good, 101},
		{"with extensions", "GET /ws HTTP/1.1\r\nHost: localhost\r\nSec-WebSocket-Extensions: permessage-deflate\r\n" + good, 101},
		{"no upgrade", "GET /ws HTTP/1.1\r\nHost: localhost\r\n", 426},
		{"other protocol", "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n", 426},
		{"no connection header", "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n", 400},
		{"no key", "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n", 400},
		{"short key", "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n", 400},
		{"old version", "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 8\r\n" + key, 400},
		{"old HTTP", "GET /ws HTTP/1.0\r\nHost: localhost\r\n" + good, 505},
		{"POST", "POST /ws HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n" + good, 405},
		{"body", "GET /ws HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n" + good, 400},
		{"foreign Host", "GET /ws HTTP/1.1\r\nHost: evil.example\r\n" + good, 421},
		{"longer path", "GET /ws/ HTTP/1.1\r\nHost: localhost\r\n" + good, 404},
	} {
		c := n.Dial()
		c.Send(tt.head + "\r\n")
		if tt.name == "body" {
			c.Send("x")
		}
		resp, err := http.ReadResponse(c.R, &http.Request{Method: "GET"})
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		_ = resp.Body.Close()
		h := resp.Header
		if resp.StatusCode != tt.status || h.Get("Server") != "owlcache 0.6.0" {
			t.Errorf("%s: %d, %v", tt.name, resp.StatusCode, h)
		}
		switch {
		case tt.status == 101 && (h.Get("Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" || h.Get("Sec-WebSocket-Extensions") != ""):
			t.Errorf("%s: %v", tt.name, h)
		case tt.status != 101 && h.Get(exchange.HeaderError) == "":
			t.Errorf("%s: no reason, %v", tt.name, h)
		}
		_ = c.Close()
	}
	apitest.Eventually(t, "all are gone", func() bool { return n.HTTP.Counts().Open == 0 && n.Socket.Open() == 0 })
}

func TestSocketsSwitchedOff(t *testing.T) {
	n := apitest.Start(t, nil)
	_, resp, err := websocket.DefaultDialer.Dial("ws://"+n.Addr+"/ws", nil)
	if err == nil || resp.StatusCode != 404 || !strings.Contains(resp.Header.Get(exchange.HeaderError), "Open_Websocket_Server") {
		t.Errorf("%v, %v", resp, err)
	}
	if _, err := api.New(api.Options{Password: apitest.Password, TokenSecret: apitest.Secret(), TCPPort: 70_000}); err == nil || !strings.Contains(err.Error(), "TCP port 70000") {
		t.Errorf("error %v", err)
	}
}

func TestSocketOrigins(t *testing.T) {
	n := apitest.StartSockets(t, func(o *api.Options) { o.AllowedHosts = []string{"cache.example"} })
	local := n.Addr
	n.ServeForeign() // on a loopback address all the same, so that Host is checked too
	for _, tt := range []struct {
		host    string
		origins []string
		status  int
	}{
		{local, nil, 101},
		{local, []string{"http://" + local}, 101},
		{local, []string{"https://" + local}, 101}, // behind a TLS proxy
		{"cache.example", []string{"https://cache.example"}, 101},
		{"cache.example:443", []string{"https://cache.example"}, 101},
		{"CACHE.example", []string{"http://cache.EXAMPLE:80"}, 101},
		{"localhost:7721", []string{"http://localhost:7721"}, 101},
		{"localhost:7721", []string{"http://localhost"}, 403},
		{"localhost:7721", []string{"http://localhost:7722"}, 403},
		{"localhost", []string{"http://localhost:443"}, 403},
		{local, []string{"http://evil.example"}, 403},
		{local, []string{"http://evil.example@" + local}, 403},
		{local, []string{"http://" + local + ".evil.example"}, 403},
		{local, []string{"null"}, 403},
		{local, []string{""}, 403},
		{local, []string{"file://"}, 403},
		{local, []string{"chrome-extension://" + local}, 403},
		{local, []string{"http://" + local, "http://" + local}, 403},
		{local, []string{"http://" + local + "/page"}, 403},
		{local, []string{"http://%zz"}, 403},
		{"evil.example", []string{"http://evil.example"}, 421},
	} {
		h := http.Header{"Host": {tt.host}, "Origin": tt.origins}
		ws, resp, err := websocket.DefaultDialer.Dial("ws://"+n.Addr+"/ws", h)
		if resp == nil || resp.StatusCode != tt.status {
			t.Errorf("Host %s, Origin %q: %v, %v", tt.host, tt.origins, resp, err)
		}
		if err == nil {
			_ = ws.Close()
		}
	}
}

func TestSocketWhileLoading(t *testing.T) {
	n := apitest.StartLoading(t, func(o *api.Options) { o.WebSocket = true })
	n.Node.Gate.Hold = time.Millisecond
	if _, resp, err := websocket.DefaultDialer.Dial("ws://"+n.Addr+"/ws", nil); err == nil || resp.StatusCode != 503 {
		t.Errorf("%v, %v", resp, err)
	}
	n.Ready(n.Store)
	if got := n.Connect().Ask("get none"); got != "" {
		t.Errorf("%q", got)
	}
}

// TestSocketAmongRequests: answers that are still held back come first, and what was
// sent with the handshake is not lost.
func TestSocketAmongRequests(t *testing.T) {
	n := apitest.StartSockets(t, nil)
	n.Store.M["k"] = apitest.Entry{Value: []byte("v"), Meta: engine.Meta{Size: 1}}
	c := n.Dial()
	frame := "\x81\x85\x00\x00\x00\x00get k"
	c.Send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n" +
		"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" + frame + frame[:3])
	if a := c.Receive("GET"); a.Status != 200 || a.Body != "ok\n" {
		t.Fatalf("status %d, %q", a.Status, a.Body)
	}
	resp, err := http.ReadResponse(c.R, &http.Request{Method: "GET"})
	if err != nil || resp.StatusCode != 101 {
		t.Fatalf("%v, %v", resp, err)
	}
	_ = resp.Body.Close()
	c.Send(frame[3:])
	got := make([]byte, 6)
	if _, err := io.ReadFull(c.R, got); err != nil || string(got) != "\x81\x01v\x81\x01v" {
		t.Errorf("%q, %v", got, err)
	}
}
