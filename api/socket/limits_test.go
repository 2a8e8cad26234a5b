package socket_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"owlcache/api"
	"owlcache/api/internal/apitest"
	"owlcache/api/socket"
	"owlcache/engine"
)

func TestSocketsAreCounted(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*api.Options)
		status int
	}{
		{"in all", func(o *api.Options) { o.MaxConns = 2 }, 503},
		{"per IP", func(o *api.Options) { o.MaxConnsPerIP = 2 }, 429},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := apitest.StartSockets(t, tt.change)
			n.ServeForeign()
			first, second := n.Connect(), n.Connect()
			_, resp, err := websocket.DefaultDialer.Dial("ws://"+n.Addr+"/ws", nil)
			if err == nil || resp == nil || resp.StatusCode != tt.status {
				t.Errorf("third: %v, %v", resp, err)
			}
			second.Ask("get k")
			if err := first.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(4321, "enough"), time.Time{}); err != nil {
				t.Fatal(err)
			}
			if code := first.CloseCode(); code != 4321 {
				t.Errorf("the farewell is answered with %d", code)
			}
			apitest.Eventually(t, "there is room again", func() bool { return n.HTTP.Counts().Open == 1 })
			n.Connect().Ask("get k")
		})
	}
}

// TestSocketOutlivesTimeoutsOfHTTP: only pings count.
func TestSocketOutlivesTimeoutsOfHTTP(t *testing.T) {
	n := apitest.StartSockets(t, func(o *api.Options) {
		o.ReadTimeout, o.WriteTimeout, o.IdleTimeout = 300*time.Millisecond, 300*time.Millisecond, 300*time.Millisecond
	})
	n.Socket.SetTimes(50*time.Millisecond, 20*time.Second, time.Second)
	c := n.Connect()
	pings := 0
	c.SetPingHandler(func(string) error {
		if pings++; pings == 20 {
			c.Send(websocket.TextMessage, "get none")
		}
		return nil
	})
	if _, got := c.Receive(); got != "" || pings < 20 {
		t.Errorf("%q after %d pings", got, pings)
	}
}

func TestSilentSocketIsClosed(t *testing.T) {
	n := apitest.StartSockets(t, nil)
	n.Socket.SetTimes(50*time.Millisecond, 1500*time.Millisecond, time.Second)
	lively := n.Connect()
	pongs := make(chan struct{}, 100)
	pong := lively.PingHandler()
	lively.SetPingHandler(func(text string) error {
		select {
		case pongs <- struct{}{}:
		default:
		}
		return pong(text)
	})
	ended := make(chan int, 1)
	go func() { ended <- lively.CloseCode() }()
	for range 10 { // so that its time without a pong ends before that of the other
		<-pongs
	}
	deaf := n.Connect()
	deaf.SetPingHandler(func(string) error { return nil })
	if code := deaf.CloseCode(); code != websocket.ClosePolicyViolation {
		t.Errorf("code %d", code)
	}
	apitest.Eventually(t, "it is gone", func() bool { return n.Socket.Open() == 1 })
	select {
	case code := <-ended:
		t.Errorf("the one that answers was closed too: %d", code)
	default:
	}
	_ = lively.Close()
	<-ended
}

func TestSlowSocketIsClosed(t *testing.T) {
	n := apitest.StartSockets(t, func(o *api.Options) { o.WriteTimeout = 200 * time.Millisecond })
	if _, err := n.Store.Set([]byte("big"), make([]byte, 1<<20), 0); err != nil {
		t.Fatal(err)
	}
	c := n.Connect()
	for range 100 { // more than all buffers on the way hold
		if err := c.WriteMessage(websocket.BinaryMessage, []byte("get big info t")); err != nil {
			break
		}
	}
	apitest.Eventually(t, "it is given up", func() bool { return n.Socket.Slow() == 1 })
	apitest.Eventually(t, "it is gone", func() bool { return n.HTTP.Counts().Open == 0 && n.Socket.Open() == 0 })
	apitest.WantWhole(t, n.Node.Answers)
}

// TestSocketThatOnlyWrites: a client that reads nothing and asks for small things is
// stopped by its own answers, and what it costs stays small.
func TestSocketThatOnlyWrites(t *testing.T) {
	n := apitest.StartSockets(t, func(o *api.Options) { o.WriteTimeout = 300 * time.Millisecond })
	c := n.Connect()
	if err := c.SetWriteDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	sent := 0
	for ; sent < 10_000_000; sent++ {
		if err := c.WriteMessage(websocket.TextMessage, []byte("get none info some-tag")); err != nil {
			break
		}
	}
	if sent == 10_000_000 {
		t.Error("it was never stopped")
	}
	apitest.Eventually(t, "it is given up", func() bool { return n.Socket.Slow() == 1 && n.Socket.Open() == 0 })
}

// frame makes a frame of a client. The mask is 0, so that the payload is seen as it is.
func frame(first byte, payload string) string {
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	return string(b) + "\x00\x00\x00\x00" + payload
}

const rawHandshake = "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

func TestBrokenFrames(t *testing.T) {
	n := apitest.StartSockets(t, nil)
	for _, tt := range []struct {
		name, bytes string
		code        uint16 // 0: only closed
	}{
		{"not masked", "\x81\x05get k", 1002},
		{"reserved bit", frame(0xc1, "get k"), 1002},
		{"unknown type", frame(0x83, "x"), 1002},
		{"continuation of nothing", frame(0x80, "x"), 1002},
		{"message in a message", frame(0x01, "get") + frame(0x81, " k"), 1002},
		{"long ping", frame(0x89, strings.Repeat("p", 126)), 1002},
		{"ping in pieces", frame(0x09, "p"), 1002},
		{"bad close code", frame(0x88, "\x00\x01"), 1002},
		{"close text not UTF-8", frame(0x88, "\x03\xe8\xff"), 1002},
		{"too large", frame(0x81, "get "+strings.Repeat("k", socket.MaxRequest)), 1009},
		{"too large in pieces", frame(0x01, strings.Repeat("k", socket.MaxRequest)) + frame(0x80, "k"), 1009},
		{"huge length", "\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00", 1009},
		{"negative length", "\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00", 0},
		{"farewell", frame(0x88, "\x03\xe8"), 1000},
		{"farewell without a code", frame(0x88, ""), 0},
	} {
		c := n.Dial()
		c.Send(rawHandshake)
		resp, err := http.ReadResponse(c.R, &http.Request{Method: "GET"})
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		c.Send(tt.bytes)
		var got []byte
		for {
			b, err := c.R.ReadByte()
			if err != nil {
				break
			}
			got = append(got, b)
		}
		if tt.code != 0 && (len(got) < 4 || got[0] != 0x88 || binary.BigEndian.Uint16(got[2:]) != tt.code) {
			t.Errorf("%s: answered with % x", tt.name, got)
		}
	}
	apitest.Eventually(t, "all are gone", func() bool { return n.HTTP.Counts().Open == 0 && n.Socket.Open() == 0 })
}

// TestSocketAnswersBeforeFarewell: a client may ask and take leave at once.
func TestSocketAnswersBeforeFarewell(t *testing.T) {
	n := apitest.StartSockets(t, nil)
	if _, err := n.Store.Set([]byte("k"), []byte("v"), 0); err != nil {
		t.Fatal(err)
	}
	c := n.Dial()
	const questions = 20
	c.Send(rawHandshake + strings.Repeat(frame(0x81, "get k"), questions) + frame(0x88, "\x03\xe8") + frame(0x81, "get k"))
	resp, err := http.ReadResponse(c.R, &http.Request{Method: "GET"})
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	want := strings.Repeat("\x81\x01v", questions) + "\x88\x02\x03\xe8"
	got := make([]byte, 0, len(want))
	for len(got) < cap(got) {
		b, err := c.R.ReadByte()
		if err != nil {
			t.Fatalf("%v after %q", err, got)
		}
		got = append(got, b)
	}
	if string(got) != want {
		t.Errorf("%q", got)
	}
}

// TestShutdownDoesNotWaitForTheRude: a client that does not answer the farewell gets a
// moment, one that does not even read is cut off.
func TestShutdownDoesNotWaitForTheRude(t *testing.T) {
	n := apitest.StartSockets(t, nil)
	n.Socket.SetTimes(5*time.Second, 20*time.Second, 50*time.Millisecond)
	if _, err := n.Store.Set([]byte("big"), make([]byte, engine.MaxValueSize), 0); err != nil {
		t.Fatal(err)
	}
	n.Connect().Ask("get k") // and never reads again
	if err := n.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}

	n = apitest.StartSockets(t, nil)
	if _, err := n.Store.Set([]byte("big"), make([]byte, engine.MaxValueSize), 0); err != nil {
		t.Fatal(err)
	}
	c := n.Connect()
	c.Send(websocket.BinaryMessage, "get big")
	c.Send(websocket.BinaryMessage, "get big")
	apitest.Eventually(t, "answers are on their way", func() bool { return n.Socket.Requests() == 2 })
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := n.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown: %v", err)
	}
	apitest.Eventually(t, "it is gone", func() bool { return n.Socket.Open() == 0 })
}
