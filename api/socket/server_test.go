package socket_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"owlcache/api"
	"owlcache/api/internal/apitest"
	"owlcache/engine"
)

func TestSocketAnswers(t *testing.T) {
	n := apitest.StartSockets(t, func(o *api.Options) { o.TCPPort = 7799 })
	created := time.Date(2026, 11, 22, 10, 50, 17, 178873297, time.UTC).UnixNano()
	put := func(key, value string) {
		n.Store.M[key] = apitest.Entry{Value: []byte(value), Meta: engine.Meta{Created: created, Size: len(value)}}
	}
	put("hello", "world")
	put("empty", "")
	put("a@b", "at")
	put("raw", "\xff\x00\xfe")
	put("näh", "ü")
	envelope := func(cmd string, status int, result, key, data, created string) string {
		return fmt.Sprintf(`{"Cmd":%q,"Status":%d,"Results":%q,"Key":%q,"Data":%s,"ResponseHost":"127.0.0.1:7799","KeyCreateTime":%q}`,
			cmd, status, result, key, data, created)
	}
	const then, never = "2026-11-22T10:50:17.178873297Z", "0001-01-01T00:00:00Z"
	unknown := envelope("", 501, "UNKNOWN_COMMAND", "", "null", never)
	world := envelope("get", 200, "SUCCESS", "hello", `"d29ybGQ="`, then)
	longest := strings.Repeat("k", engine.MaxKeySize)
	for _, tt := range []struct{ message, want string }{
		{"get hello", "world"},
		{"get hello\n", "world"},
		{"get hello ", "world"},
		{"get hello  ", "world"},
		{"get hello other", unknown},
		{"get hello other ", unknown},
		{"get hello other tag", unknown},
		{"get hello other info", unknown},
		{"get hello INFO", unknown},
		{"get hello  info", unknown},
		{"get none", ""},
		{"get empty", ""},
		{"get hello info", world},
		{"get hello info\r\n", world},
		{"get hello info  ", world},
		{"get hello info tag", envelope("get", 200, "SUCCESS", "hello@tag", `"d29ybGQ="`, then)},
		{"get hello info 550e8400_ws://127.0.0.1:7721/ws", envelope("get", 200, "SUCCESS", "hello@550e8400_ws://127.0.0.1:7721/ws", `"d29ybGQ="`, then)},
		{"get hello info tag ", envelope("get", 200, "SUCCESS", "hello@tag", `"d29ybGQ="`, then)},
		{"get hello info tag more", unknown},
		{"get hello info  tag", unknown},
		{"get hello info tag a b c", unknown},
		{"get a@b info c", envelope("get", 200, "SUCCESS", "a@b@c", `"YXQ="`, then)},
		{"get empty info", envelope("get", 200, "SUCCESS", "empty", `""`, then)},
		{"get raw info", envelope("get", 200, "SUCCESS", "raw", `"/wD+"`, then)},
		{"get näh info", envelope("get", 200, "SUCCESS", "näh", `"w7w="`, then)},
		{"get none info", envelope("get", 404, "NOT_FOUND", "none", "null", never)},
		{"get none info tag", envelope("get", 404, "NOT_FOUND", "none@tag", "null", never)},
		{"get ", ""},
		{"get  info", envelope("get", 500, "ERROR", "", "null", never)},
		{"get  info t", envelope("get", 500, "ERROR", "@t", "null", never)},
		{"get " + longest + " info t", envelope("get", 404, "NOT_FOUND", longest+"@t", "null", never)},
		{"get " + longest + "k info t", envelope("get", 500, "ERROR", longest+"k@t", "null", never)},
		{"get", unknown},
		{"", unknown},
		{" ", unknown},
		{"GET hello", unknown},
		{" get hello", unknown},
		{"set hello x", unknown},
		{"delete hello", unknown},
		{"ping", unknown},
		{"\x00\xff", unknown},
	} {
		c := n.Connect()
		for _, kind := range []int{websocket.TextMessage, websocket.BinaryMessage} {
			c.Send(kind, tt.message)
			if got, answer := c.Receive(); answer != tt.want || got != kind {
				t.Errorf("%.40q, type %d: type %d, %s, want %s", tt.message, kind, got, answer, tt.want)
			}
		}
		_ = c.Close()
	}
	if n.Store.Writes() != 0 {
		t.Error("something was written")
	}
}

// TestSocketBinaryValues: a text frame must be UTF-8, or a browser gives the connection up.
func TestSocketBinaryValues(t *testing.T) {
	n := apitest.StartSockets(t, nil)
	c := n.Connect()
	for _, tt := range []struct {
		value      string
		asked, got int
	}{
		{"\xff\x00\n\xfe", websocket.TextMessage, websocket.BinaryMessage},
		{"\xff\x00\n\xfe", websocket.BinaryMessage, websocket.BinaryMessage},
		{"plain", websocket.BinaryMessage, websocket.BinaryMessage},
		{"zero\x00byte ü", websocket.TextMessage, websocket.TextMessage},
		{strings.Repeat("\x80", 300_000), websocket.TextMessage, websocket.BinaryMessage},
		{strings.Repeat("x", engine.MaxValueSize), websocket.TextMessage, websocket.TextMessage},
	} {
		if _, err := n.Store.Set([]byte("k"), []byte(tt.value), 0); err != nil {
			t.Fatal(err)
		}
		c.Send(tt.asked, "get k")
		if kind, value := c.Receive(); kind != tt.got || value != tt.value {
			t.Errorf("%.10q of %d bytes: type %d, %d bytes", tt.value, len(tt.value), kind, len(value))
		}
		c.Send(tt.asked, "get k info t")
		_, text := c.Receive()
		if e := (apitest.Answer{Body: text}).Envelope(t); string(e.Data) != tt.value || e.Key != "k@t" || e.KeyCreateTime.IsZero() {
			t.Errorf("%.10q: info with %d bytes for %q", tt.value, len(e.Data), e.Key)
		}
	}
	apitest.WantWhole(t, n.Node.Answers)
}

func TestSocketMetrics(t *testing.T) {
	n := apitest.StartSockets(t, nil)
	c := n.Connect()
	c.Ask("get k")
	c.Ask("nonsense")
	body := n.Get("/metrics").Body
	for _, line := range []string{
		"owlcache_websocket_connections 1", "owlcache_websocket_requests_total 2", "owlcache_websocket_slow_closed_total 0",
		"owlcache_http_requests_in_flight 1", "owlcache_http_connections 2", // of them one is for /metrics
		`owlcache_http_requests_total{cmd="other",status="101"} 1`,
	} {
		if !strings.Contains(body, "\n"+line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
	_ = c.Close()
	apitest.Eventually(t, "it is gone", func() bool { return n.Socket.Open() == 0 })
}

func TestSocketPanic(t *testing.T) {
	log := &apitest.Log{}
	n := apitest.StartSockets(t, func(o *api.Options) { o.Logger = slog.New(slog.NewTextHandler(log, nil)) })
	n.Store.M["k"] = apitest.Entry{Meta: engine.Meta{Size: 1}}
	n.Store.OnGet = func() { panic("the shelf broke") }
	c := n.Connect()
	c.Send(websocket.TextMessage, "get k")
	if code := c.CloseCode(); code != websocket.CloseInternalServerErr {
		t.Errorf("code %d", code)
	}
	apitest.Eventually(t, "it is gone", func() bool { return n.HTTP.Counts().Open == 0 && n.Socket.Open() == 0 })
	if !strings.Contains(log.String(), "the shelf broke") {
		t.Errorf("log: %s", log.String())
	}
}

func TestSocketsConcurrently(t *testing.T) {
	n := apitest.StartSockets(t, nil)
	for i := range 100 {
		value := strings.Repeat("v", 97*i)
		n.Store.M[fmt.Sprint(i)] = apitest.Entry{Value: []byte(value), Meta: engine.Meta{Created: 1, Size: len(value)}}
	}
	var clients sync.WaitGroup
	for range 8 {
		c := n.Connect()
		clients.Go(func() {
			for i := range 2000 {
				if err := c.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, "get %d", i%100)); err != nil {
					t.Error(err)
					return
				}
			}
		})
		clients.Go(func() {
			for i := range 2000 {
				_, b, err := c.ReadMessage()
				if err != nil || len(b) != 97*(i%100) {
					t.Errorf("answer %d: %d bytes, %v", i, len(b), err)
					return
				}
			}
			_ = c.Close()
		})
	}
	clients.Wait()
}

func TestSocketsEndWithTheServer(t *testing.T) {
	n := apitest.StartSockets(t, nil)
	if _, err := n.Store.Set([]byte("k"), []byte("v"), 0); err != nil {
		t.Fatal(err)
	}
	var clients []*apitest.SocketClient
	for range 5 {
		c := n.Connect()
		c.Ask("get k")
		clients = append(clients, c)
	}
	entered, leave := make(chan struct{}), make(chan struct{})
	n.Store.OnGet = func() { close(entered); <-leave }
	clients[0].Send(websocket.TextMessage, "get k")
	<-entered
	done := make(chan error, 1)
	go func() { done <- n.Shutdown(context.Background()) }()
	for i, c := range clients[1:] {
		if code := c.CloseCode(); code != websocket.CloseGoingAway {
			t.Errorf("client %d: code %d", i, code)
		}
	}
	select {
	case err := <-done:
		t.Errorf("Shutdown did not wait: %v", err)
	default:
	}
	n.Store.OnGet = nil
	close(leave)
	if code := clients[0].CloseCode(); code != websocket.CloseGoingAway {
		t.Errorf("the busy client: code %d", code)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if n.Socket.Open() != 0 {
		t.Errorf("%d sockets left", n.Socket.Open())
	}
}
