package cluster

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
)

// TestWhatSpeaksAgainstAMember: the rest counts for one key alone, and is kept as an
// answer is.
func TestWhatSpeaksAgainstAMember(t *testing.T) {
	for _, tt := range []struct {
		err  error
		down bool
	}{
		{statusError(503), false},
		{statusError(404), false},
		{statusError(500), true},
		{statusError(502), true},
		{envelopeError(500), false},
		{envelopeError(503), false},
		{envelopeError(401), false},
		{envelopeError(501), true},
		{envelopeError(0), true},
		{errTryLater, false},
		{errUnsent(fmt.Errorf("there is no connection: %w", errTryLater)), false},
		{errTooSlow, false},
		{errTooLarge, false},
		{errKeyTime, false},
		{errNoNode, true},
		{errUnsent(errors.New("connection refused")), true},
	} {
		fake := &fakeAsker{answer: func(context.Context, string) (reply, error) { return reply{}, tt.err }}
		g := startGroup(t, Options{CacheLifetime: time.Minute}, listOf("a:1"), dialer(t, map[string]*fakeAsker{"a:1": fake}))
		for i := range 2 * failuresToTrip {
			g.Query(t.Context(), fmt.Append(nil, i/2), "") // each key twice
		}
		s := g.Status()[0]
		if down := s.State == stateDown; down != tt.down || s.LastError == "" {
			t.Errorf("%v: %+v", tt.err, s)
		}
		if n := fake.asked.Load(); n != failuresToTrip {
			t.Errorf("%v: asked %d times for %d keys", tt.err, n, failuresToTrip)
		}
	}
}

// TestBusyMember: one that has too much to do for some keys goes on being asked for others.
func TestBusyMember(t *testing.T) {
	busy := func(key string) bool { return strings.HasPrefix(key, "busy") }
	overHTTP := func(t *testing.T) string {
		n := newSocketPeer(t, nil)
		n.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Keycreatetime", "2026-11-22 10:50:17 +0000 UTC")
			if busy(r.FormValue("key")) {
				w.Header().Set("Retry-After", "1")
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			_, _ = io.WriteString(w, "v")
		})
		n.Start()
		return n.address
	}
	overSocket := func(results string) func(t *testing.T) string {
		return func(t *testing.T) string {
			return startSocketPeer(t, func(ws *websocket.Conn) {
				for {
					_, message, err := ws.ReadMessage()
					if err != nil {
						return
					}
					words := strings.Split(string(message), " ")
					answer := oldSocket{words[1]: {"v", at(1)}}.answer(string(message))
					if busy(words[1]) {
						answer = fmt.Appendf(nil, results, words[1]+"@"+words[3])
					}
					if ws.WriteMessage(websocket.TextMessage, answer) != nil {
						return
					}
				}
			}).address
		}
	}
	for name, tt := range map[string]struct {
		dial  func(string, Options) asker
		start func(t *testing.T) string
	}{
		"HTTP":           {newHTTPAsker, overHTTP},
		"WebSocket, 500": {newSocketAsker, overSocket(`{"Cmd":"get","Status":500,"Results":"ERROR","Key":%q,"Data":null}`)},
		"WebSocket, 503": {newSocketAsker, overSocket(`{"Cmd":"get","Status":503,"Results":"ERROR","Key":%q,"Data":null}`)},
	} {
		g := startGroup(t, Options{CacheLifetime: -1, RequestTimeout: 20 * time.Second}, listOf(tt.start(t)), tt.dial)
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
	p := newSocketPeer(t, nil)
	serve := p.handler(func(ws *websocket.Conn) {
		if well.Load() {
			oldSocket{"k": {"v", at(1)}}.serve(ws)
			return
		}
		if _, _, err := ws.ReadMessage(); err == nil {
			_ = ws.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseTryAgainLater, ""))
			_, _, _ = ws.ReadMessage() // until the other end closes
		}
	})
	var refused atomic.Int64
	p.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !well.Load() && p.connections() > 2 {
			refused.Add(1)
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		serve.ServeHTTP(w, r)
	})
	p.Start()
	o := Options{CacheLifetime: -1, RequestTimeout: 10 * time.Second, MinReconnect: time.Millisecond, MaxReconnect: 2 * time.Millisecond}
	g := startGroup(t, o, listOf(p.address), newSocketAsker)
	waitUntil(t, "the member has closed and refused some connections", func() bool {
		g.Query(t.Context(), []byte("k"), "")
		return refused.Load() > 5
	})
	if s := g.Status()[0]; s.State != stateUnknown || !strings.Contains(s.LastError, errTryLater.Error()) {
		t.Errorf("%+v", s)
	}
	well.Store(true)
	waitUntil(t, "the member is asked again", func() bool {
		got, _ := g.Query(t.Context(), []byte("k"), "")
		return len(got) == 1
	})
}

// TestAnotherWebServer: it is no member that has nothing.
func TestAnotherWebServer(t *testing.T) {
	addr := startRaw(t, saying("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"))
	g := startGroup(t, Options{}, listOf(addr), newHTTPAsker)
	for i := range failuresToTrip {
		if s := g.Status()[0]; s.State != stateUnknown || (s.LastError != "") != (i > 0) {
			t.Errorf("after %d questions: %+v", i, s)
		}
		g.Query(t.Context(), fmt.Append(nil, i), "")
	}
	if s := g.Status()[0]; s.State != stateDown || s.LastError != errNoNode.Error() || !s.LastContact.IsZero() {
		t.Errorf("%+v", s)
	}
}

// TestOnlyWhatWasSentIsARequest: a question that did not leave the node is an error alone.
func TestOnlyWhatWasSentIsARequest(t *testing.T) {
	hangsUp := startRaw(t, func(net.Conn, <-chan struct{}) {})
	for name, tt := range map[string]struct {
		address  string
		dial     func(string, Options) asker
		requests uint64
	}{
		"nobody listens":               {closedPort(t), newHTTPAsker, 0},
		"nobody listens, by WebSocket": {closedPort(t), newSocketAsker, 0},
		"hangs up":                     {hangsUp, newHTTPAsker, 1},
		"hangs up on the handshake":    {hangsUp, newSocketAsker, 0},
	} {
		g := startGroup(t, Options{RequestTimeout: 20 * time.Second}, listOf(tt.address), tt.dial)
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
