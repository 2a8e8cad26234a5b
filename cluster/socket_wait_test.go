package cluster

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// startSocketGroup returns a group that asks one member over WebSockets.
func startSocketGroup(t *testing.T, p *socketPeer, limit time.Duration) *Group {
	t.Helper()
	g := startGroup(t, Options{RequestTimeout: limit, CacheLifetime: -1, MinReconnect: time.Millisecond}, listOf(p.address), newSocketAsker)
	waitUntil(t, "there is a connection", func() bool { return p.connections() == 1 })
	return g
}

// largeAsker answers everything with a value of one size.
type largeAsker struct {
	fixedAsker
	size int
}

func (a *largeAsker) ask(ctx context.Context, key []byte) (reply, error) {
	r, err := a.fixedAsker.ask(ctx, key)
	r.value = make([]byte, a.size)
	return r, err
}

// slowPeer answers questions, but those for keys that begin with slow as slow does.
func slowPeer(t *testing.T, slow func(ws *websocket.Conn, message string) error) *socketPeer {
	t.Helper()
	return startSocketPeer(t, func(ws *websocket.Conn) {
		for {
			_, message, err := ws.ReadMessage()
			if err != nil {
				return
			}
			key := strings.Split(string(message), " ")[1]
			if strings.HasPrefix(key, "slow") {
				err = slow(ws, string(message))
			} else {
				err = ws.WriteMessage(websocket.TextMessage, oldSocket{key: {"v", at(1)}}.answer(string(message)))
			}
			if err != nil {
				return
			}
		}
	})
}

// TestSlowAnswerOnALivingLink: it is the one answer that fails, however often.
func TestSlowAnswerOnALivingLink(t *testing.T) {
	const limit = time.Second
	for name, slow := range map[string]func(*websocket.Conn, string) error{
		"other answers come": func(*websocket.Conn, string) error { return nil },
		"its bytes come": func(ws *websocket.Conn, message string) error {
			answer := oldSocket{"slow": {strings.Repeat("x", 3_000_000), at(1)}}.answer(message)
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
			p := slowPeer(t, slow)
			g := startSocketGroup(t, p, limit)
			noted := false
			for i := range failuresToTrip + 1 {
				if got, _ := g.Query(t.Context(), []byte("slow"), ""); len(got) != 0 {
					t.Errorf("%v", texts(got))
				}
				s := g.Status()[0]
				if s.State == stateDown {
					t.Fatalf("after %d answers that were slow: %+v", i+1, s)
				}
				// A query that ends a moment before its question leaves nothing to note.
				noted = noted || s.LastError == errTooSlow.Error()
				waitUntil(t, "the link is free", func() bool {
					got, _ := g.Query(t.Context(), []byte("other"), "")
					return len(got) == 1
				})
			}
			if p.connections() != 1 || !noted {
				t.Errorf("%d connections, noted %v", p.connections(), noted)
			}
		})
	}
}

// TestQuestionsBehindALargeValue: those fail too, and there may be many of them.
func TestQuestionsBehindALargeValue(t *testing.T) {
	const limit = time.Second
	begun := make(chan struct{})
	p := slowPeer(t, func(ws *websocket.Conn, message string) error {
		answer := oldSocket{"slow": {strings.Repeat("x", 4_000_000), at(1)}}.answer(message)
		w, err := ws.NextWriter(websocket.TextMessage)
		for i := 0; len(answer) > 0 && err == nil; i++ {
			n := min(len(answer), smallBody)
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
	for i := range 3 * failuresToTrip {
		asks.Go(func() { g.Query(t.Context(), fmt.Append(nil, i), "") })
	}
	asks.Wait()
	if s := g.Status()[0]; s.State == stateDown || s.Errors < 2*failuresToTrip {
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
		}, failuresToTrip},
		{"byte by byte", func(ws *websocket.Conn) {
			_, err := ws.NetConn().Write([]byte("\x81\x7e\xff\x00")) // the head of a frame
			for ; err == nil; time.Sleep(10 * time.Millisecond) {
				_, err = ws.NetConn().Write([]byte(" "))
			}
		}, failuresToTrip},
		{"all answers are late", func(ws *websocket.Conn) {
			for {
				_, message, err := ws.ReadMessage()
				time.Sleep(limit + limit/2)
				if err != nil || ws.WriteMessage(websocket.TextMessage, oldSocket{}.answer(string(message))) != nil {
					return
				}
			}
		}, 1},
		{"answers that nobody has asked for", func(ws *websocket.Conn) {
			for ws.WriteMessage(websocket.TextMessage, []byte(`{"Key":"k@none"}`)) == nil {
				time.Sleep(10 * time.Millisecond)
			}
		}, failuresToTrip},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := startSocketGroup(t, startSocketPeer(t, tt.serve), limit)
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

// TestLongMessageKeepsItsLink: one that takes longer than a member may be silent.
func TestLongMessageKeepsItsLink(t *testing.T) {
	p := slowPeer(t, func(ws *websocket.Conn, message string) error {
		answer := oldSocket{"slow": {strings.Repeat("x", 3_000_000), at(1)}}.answer(message)
		w, err := ws.NextWriter(websocket.TextMessage)
		for len(answer) > 0 && err == nil {
			n := min(len(answer), 2*smallBody)
			_, err = w.Write(answer[:n])
			answer = answer[n:]
			time.Sleep(60 * time.Millisecond)
		}
		return errors.Join(err, w.Close())
	})
	ws, _, err := websocket.DefaultDialer.Dial("ws://"+p.address+"/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	l := newSocketLink(ws, socketOptions(t, nil))
	l.silence, l.ping = time.Second, time.Hour // the message takes longer
	done := make(chan error, 1)
	go func() { done <- l.run(t.Context()) }()
	if r, err := l.ask(within(t, 20*time.Second), []byte("slow")); err != nil || len(r.value) != 3_000_000 {
		t.Errorf("%d bytes, %v", len(r.value), err)
	}
	l.fail(errGone)
	if err := <-done; !errors.Is(err, errGone) {
		t.Error(err)
	}
}

// TestLargeValueIsAskedForOnce: what is too large for this node is not asked for a second
// time over HTTP, and what is too large for a message only there.
func TestLargeValueIsAskedForOnce(t *testing.T) {
	values := oldSocket{"k": {"v", at(1)}, "message": {strings.Repeat("x", 150_000), at(1)}, "node": {strings.Repeat("x", 600_000), at(1)}}
	asked := make(chan string, 100)
	p := startSocketPeer(t, func(ws *websocket.Conn) {
		for {
			_, message, err := ws.ReadMessage()
			if err != nil {
				return
			}
			asked <- strings.Split(string(message), " ")[1]
			if ws.WriteMessage(websocket.TextMessage, values.answer(string(message))) != nil {
				return
			}
		}
	})
	a := p.asker(t, func(o *Options) { o.MaxMessageSize, o.MaxValueSize = 100_000, 200_000 })
	over := &largeAsker{size: 150_000}
	a.http.close()
	a.http = over
	for range 3 {
		if _, err := a.ask(within(t, 20*time.Second), []byte("node")); !errors.Is(err, errTooLarge) {
			t.Errorf("larger than a value: %v", err)
		}
	}
	if len(over.asked) != 0 || len(asked) != 3 {
		t.Errorf("asked over HTTP for %q, %d times otherwise", over.asked, len(asked))
	}
	for range 3 {
		if r, err := a.ask(within(t, 20*time.Second), []byte("message")); err != nil || len(r.value) != over.size {
			t.Errorf("larger than a message: %v", err)
		}
	}
	if len(over.asked) != 3 || len(asked) != 4 {
		t.Errorf("asked over HTTP for %q, %d times otherwise", over.asked, len(asked))
	}
	over.size = 7 // it fits again
	for range 2 {
		if _, err := a.ask(within(t, 20*time.Second), []byte("message")); err != nil {
			t.Error(err)
		}
	}
	if len(over.asked) != 5 || len(asked) != 5 {
		t.Errorf("asked over HTTP for %q, %d times otherwise", over.asked, len(asked))
	}
	if p.connections() != 1 {
		t.Errorf("%d connections", p.connections())
	}
}

// A value that no other node takes does not cost the connection either.
func TestValueLargerThanThisNodeTakes(t *testing.T) {
	values := oldSocket{"k": {"v", at(1)}, "huge": {strings.Repeat("x", 9_000_000), at(1)}}
	p := startSocketPeer(t, values.serve)
	a := p.asker(t, func(o *Options) { o.MaxValueSize = 1000 })
	for range 2 {
		if _, err := a.ask(within(t, 20*time.Second), []byte("huge")); !errors.Is(err, errTooLarge) {
			t.Errorf("huge: %v", err)
		}
	}
	if r, err := a.ask(within(t, 20*time.Second), []byte("k")); err != nil || !r.found || p.connections() != 1 {
		t.Errorf("%v, %v, %d connections", r, err, p.connections())
	}
}

func TestLargeKeysAreBounded(t *testing.T) {
	var l largeKeys
	for i := range 3 * maxLargeKeys {
		l.add(fmt.Append(nil, i))
	}
	if len(l.keys) != maxLargeKeys {
		t.Errorf("%d keys", len(l.keys))
	}
}
