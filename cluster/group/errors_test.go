package group

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"owlcache/cluster/group/ask"
	"owlcache/cluster/group/asktest"
)

// TestWhatSpeaksAgainstAMember: the rest counts for one key alone, and is kept as an
// answer is.
func TestWhatSpeaksAgainstAMember(t *testing.T) {
	for _, tt := range []struct {
		err  error
		down bool
	}{
		{ask.StatusError(503), false},
		{ask.StatusError(404), false},
		{ask.StatusError(500), true},
		{ask.StatusError(502), true},
		{ask.EnvelopeError(500), false},
		{ask.EnvelopeError(503), false},
		{ask.EnvelopeError(401), false},
		{ask.EnvelopeError(501), true},
		{ask.EnvelopeError(0), true},
		{ask.ErrTryLater, false},
		{ask.Unsent(fmt.Errorf("there is no connection: %w", ask.ErrTryLater)), false},
		{ask.ErrTooSlow, false},
		{ask.ErrTooLarge, false},
		{ask.ErrKeyTime, false},
		{ask.ErrNoNode, true},
		{ask.Unsent(errors.New("connection refused")), true},
	} {
		fake := &fakeAsker{answer: func(context.Context, string) (ask.Reply, error) { return ask.Reply{}, tt.err }}
		g := startGroup(t, Options{CacheLifetime: time.Minute}, listOf("a:1"), dialer(t, map[string]*fakeAsker{"a:1": fake}))
		for i := range 2 * ask.FailuresToTrip {
			g.Query(t.Context(), fmt.Append(nil, i/2), "") // each key twice
		}
		s := g.Status()[0]
		if down := s.State == stateDown; down != tt.down || s.LastError == "" {
			t.Errorf("%v: %+v", tt.err, s)
		}
		if n := fake.asked.Load(); n != ask.FailuresToTrip {
			t.Errorf("%v: asked %d times for %d keys", tt.err, n, ask.FailuresToTrip)
		}
	}
}

// TestBusyMember: one that has too much to do for some keys goes on being asked for others.
func TestBusyMember(t *testing.T) {
	busy := func(key string) bool { return strings.HasPrefix(key, "busy") }
	busyNode := func(t *testing.T) string {
		n := asktest.NewPeer(t, nil)
		n.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Keycreatetime", "2026-11-22 10:50:17 +0000 UTC")
			if busy(r.FormValue("key")) {
				w.Header().Set("Retry-After", "1")
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			_, _ = io.WriteString(w, "v")
		})
		n.Start()
		return n.Address
	}
	overSocket := func(results string) func(t *testing.T) string {
		return func(t *testing.T) string {
			return asktest.StartPeer(t, func(ws *websocket.Conn) {
				for {
					_, message, err := ws.ReadMessage()
					if err != nil {
						return
					}
					words := strings.Split(string(message), " ")
					answer := asktest.Socket{words[1]: {Value: "v", Created: asktest.At(1)}}.Answer(string(message))
					if busy(words[1]) {
						answer = fmt.Appendf(nil, results, words[1]+"@"+words[3])
					}
					if ws.WriteMessage(websocket.TextMessage, answer) != nil {
						return
					}
				}
			}).Address
		}
	}
	for name, tt := range map[string]struct {
		dial  func(string, ask.Options) asker
		start func(t *testing.T) string
	}{
		"HTTP":           {overHTTP, busyNode},
		"WebSocket, 500": {overWebSocket, overSocket(`{"Cmd":"get","Status":500,"Results":"ERROR","Key":%q,"Data":null}`)},
		"WebSocket, 503": {overWebSocket, overSocket(`{"Cmd":"get","Status":503,"Results":"ERROR","Key":%q,"Data":null}`)},
	} {
		g := startGroup(t, Options{CacheLifetime: -1, Options: ask.Options{RequestTimeout: 20 * time.Second}}, listOf(tt.start(t)), tt.dial)
		for i := range 5 {
			for _, key := range []string{"busy", fmt.Sprint("busy", i)} {
				if got, _ := g.Query(t.Context(), []byte(key), ""); len(got) != 0 {
					t.Errorf("%s: %s: %v", name, key, texts(got))
				}
			}
		}
		if s := g.Status()[0]; s.State == stateDown || s.Errors != 10 || s.Requests != 10 || !strings.Contains(s.LastError, "50") {
			t.Errorf("%s: %+v", name, s)
		}
		if got, _ := g.Query(t.Context(), []byte("k"), ""); len(got) != 1 {
			t.Errorf("%s: %v, %+v", name, texts(got), g.Status()[0])
		}
	}
}

// TestTryAgainLater: a member that closes its connections for a time is not down.
func TestTryAgainLater(t *testing.T) {
	var well atomic.Bool
	p := asktest.NewPeer(t, nil)
	serve := p.Handler(func(ws *websocket.Conn) {
		if well.Load() {
			asktest.Socket{"k": {Value: "v", Created: asktest.At(1)}}.Serve(ws)
			return
		}
		if _, _, err := ws.ReadMessage(); err == nil {
			_ = ws.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseTryAgainLater, ""))
			_, _, _ = ws.ReadMessage() // until the other end closes
		}
	})
	var refused atomic.Int64
	p.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !well.Load() && p.Connections() > 2 {
			refused.Add(1)
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		serve.ServeHTTP(w, r)
	})
	p.Start()
	o := Options{CacheLifetime: -1, Options: ask.Options{RequestTimeout: 10 * time.Second, MinReconnect: time.Millisecond, MaxReconnect: 2 * time.Millisecond}}
	g := startGroup(t, o, listOf(p.Address), overWebSocket)
	asktest.WaitUntil(t, "the member has closed and refused some connections", func() bool {
		g.Query(t.Context(), []byte("k"), "")
		return refused.Load() > 5
	})
	if s := g.Status()[0]; s.State != stateUnknown || !strings.Contains(s.LastError, ask.ErrTryLater.Error()) {
		t.Errorf("%+v", s)
	}
	well.Store(true)
	asktest.WaitUntil(t, "the member is asked again", func() bool {
		got, _ := g.Query(t.Context(), []byte("k"), "")
		return len(got) == 1
	})
}

// TestAnotherWebServer: it is no member that has nothing.
func TestAnotherWebServer(t *testing.T) {
	addr := asktest.StartRaw(t, asktest.Saying("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"))
	g := startGroup(t, Options{}, listOf(addr), overHTTP)
	for i := range ask.FailuresToTrip {
		if s := g.Status()[0]; s.State != stateUnknown || (s.LastError != "") != (i > 0) {
			t.Errorf("after %d questions: %+v", i, s)
		}
		g.Query(t.Context(), fmt.Append(nil, i), "")
	}
	if s := g.Status()[0]; s.State != stateDown || s.LastError != ask.ErrNoNode.Error() || !s.LastContact.IsZero() {
		t.Errorf("%+v", s)
	}
}

// TestOnlyWhatWasSentIsARequest: a question that did not leave the node is an error alone.
func TestOnlyWhatWasSentIsARequest(t *testing.T) {
	hangsUp := asktest.StartRaw(t, func(net.Conn, <-chan struct{}) {})
	for name, tt := range map[string]struct {
		address  string
		dial     func(string, ask.Options) asker
		requests uint64
	}{
		"nobody listens":               {asktest.ClosedPort(t), overHTTP, 0},
		"nobody listens, by WebSocket": {asktest.ClosedPort(t), overWebSocket, 0},
		"hangs up":                     {hangsUp, overHTTP, 1},
		"hangs up on the handshake":    {hangsUp, overWebSocket, 0},
	} {
		g := startGroup(t, Options{Options: ask.Options{RequestTimeout: 20 * time.Second}}, listOf(tt.address), tt.dial)
		g.Query(t.Context(), []byte("k"), "")
		if s := g.Status()[0]; s.Requests != tt.requests || s.Errors != 1 || s.LastError == "" {
			t.Errorf("%s: %+v", name, s)
		}
	}
	synctest.Test(t, func(t *testing.T) { // one that is down
		fake := &fakeAsker{answer: never}
		g := startGroup(t, Options{}, listOf("a:1"), dialer(t, map[string]*fakeAsker{"a:1": fake}))
		for i := range 5 {
			g.Query(t.Context(), fmt.Append(nil, i), "")
		}
		if s := g.Status()[0]; s.Requests != 1 || s.Errors != 1 || s.State != stateDown {
			t.Errorf("%+v", s)
		}
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
}
