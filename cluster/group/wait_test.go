package group

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"owlcache/cluster/group/ask"
	"owlcache/cluster/group/asktest"
)

// startSocketGroup returns a group that asks one member over WebSockets.
func startSocketGroup(t *testing.T, p *asktest.Peer, limit time.Duration) *Group {
	t.Helper()
	g := startGroup(t, Options{CacheLifetime: -1, Options: ask.Options{RequestTimeout: limit, MinReconnect: time.Millisecond}}, listOf(p.Address), overWebSocket)
	asktest.WaitUntil(t, "there is a connection", func() bool { return p.Connections() == 1 })
	return g
}

// TestSlowAnswerOnALivingLink: it is the one answer that fails, however often.
func TestSlowAnswerOnALivingLink(t *testing.T) {
	const limit = time.Second
	for name, slow := range map[string]func(*websocket.Conn, string) error{
		"other answers come": func(*websocket.Conn, string) error { return nil },
		"its bytes come": func(ws *websocket.Conn, message string) error {
			answer := asktest.Socket{"slow": {Value: strings.Repeat("x", 3_000_000), Created: asktest.At(1)}}.Answer(message)
			w, err := ws.NextWriter(websocket.TextMessage)
			for end := time.Now().Add(limit + limit/4); err == nil && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
				n := min(len(answer), 20_000)
				_, err = w.Write(answer[:n])
				answer = answer[n:]
			}
			if err == nil {
				_, err = w.Write(answer)
			}
			return errors.Join(err, w.Close())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := asktest.StartSlowPeer(t, slow)
			g := startSocketGroup(t, p, limit)
			noted := false
			for i := range ask.FailuresToTrip + 1 {
				if got, _ := g.Query(t.Context(), []byte("slow"), ""); len(got) != 0 {
					t.Errorf("%v", texts(got))
				}
				s := g.Status()[0]
				if s.State == stateDown {
					t.Fatalf("after %d answers that were slow: %+v", i+1, s)
				}
				// A query that ends a moment before its question leaves nothing to note.
				noted = noted || s.LastError == ask.ErrTooSlow.Error()
				asktest.WaitUntil(t, "the link is free", func() bool {
					got, _ := g.Query(t.Context(), []byte("other"), "")
					return len(got) == 1
				})
			}
			if p.Connections() != 1 || !noted {
				t.Errorf("%d connections, noted %v", p.Connections(), noted)
			}
		})
	}
}

// TestQuestionsBehindALargeValue: those fail too, and there may be many of them.
func TestQuestionsBehindALargeValue(t *testing.T) {
	const limit = time.Second
	begun := make(chan struct{})
	p := asktest.StartSlowPeer(t, func(ws *websocket.Conn, message string) error {
		answer := asktest.Socket{"slow": {Value: strings.Repeat("x", 4_000_000), Created: asktest.At(1)}}.Answer(message)
		w, err := ws.NextWriter(websocket.TextMessage)
		for i := 0; len(answer) > 0 && err == nil; i++ {
			n := min(len(answer), 64<<10)
			_, err = w.Write(answer[:n])
			answer = answer[n:]
			if i == 0 {
				close(begun)
			}
			time.Sleep(2 * limit / 80)
		}
		return errors.Join(err, w.Close())
	})
	g := startSocketGroup(t, p, limit)
	var asks sync.WaitGroup
	asks.Go(func() { g.Query(t.Context(), []byte("slow"), "") })
	<-begun
	for i := range 3 * ask.FailuresToTrip {
		asks.Go(func() { g.Query(t.Context(), fmt.Append(nil, i), "") })
	}
	asks.Wait()
	if s := g.Status()[0]; s.State == stateDown || s.Errors < 2*ask.FailuresToTrip {
		t.Errorf("%+v", s)
	}
}

// TestMemberThatDoesNotAnswer: it is down at once if nothing comes from it, and soon if
// there are only signs of life.
func TestMemberThatDoesNotAnswer(t *testing.T) {
	const limit = time.Second
	for _, tt := range []struct {
		name  string
		serve func(ws *websocket.Conn)
		until int // questions until it is down
	}{
		{"nothing", func(ws *websocket.Conn) {
			for {
				if _, _, err := ws.NextReader(); err != nil {
					return
				}
			}
		}, 1},
		{"pings", func(ws *websocket.Conn) {
			for ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second)) == nil {
				time.Sleep(10 * time.Millisecond)
			}
		}, ask.FailuresToTrip},
		{"byte by byte", func(ws *websocket.Conn) {
			_, err := ws.NetConn().Write([]byte("\x81\x7e\xff\x00")) // the head of a frame
			for ; err == nil; time.Sleep(10 * time.Millisecond) {
				_, err = ws.NetConn().Write([]byte(" "))
			}
		}, ask.FailuresToTrip},
		{"all answers are late", func(ws *websocket.Conn) {
			for {
				_, message, err := ws.ReadMessage()
				time.Sleep(limit + limit/2)
				if err != nil || ws.WriteMessage(websocket.TextMessage, asktest.Socket{}.Answer(string(message))) != nil {
					return
				}
			}
		}, 1},
		{"answers that nobody has asked for", func(ws *websocket.Conn) {
			for ws.WriteMessage(websocket.TextMessage, []byte(`{"Key":"k@none"}`)) == nil {
				time.Sleep(10 * time.Millisecond)
			}
		}, ask.FailuresToTrip},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := startSocketGroup(t, asktest.StartPeer(t, tt.serve), limit)
			for i := 1; g.Status()[0].State != stateDown; i++ {
				if got, _ := g.Query(t.Context(), fmt.Append(nil, i), ""); len(got) != 0 {
					t.Errorf("%v", texts(got))
				}
				if s := g.Status()[0]; (s.State == stateDown) != (i >= tt.until) {
					t.Fatalf("after %d questions: %+v", i, s)
				}
			}
		})
	}
}
