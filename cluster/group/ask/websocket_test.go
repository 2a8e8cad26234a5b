package ask

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"owlcache/cluster/group/asktest"
)

func TestSocketAskerWithAnOldNode(t *testing.T) {
	created := time.Date(2025, 2, 21, 13, 2, 35, 587603100, time.FixedZone("CST", 8*3600))
	values := asktest.Socket{
		"hello": {Value: "world", Created: created}, "empty": {Value: "", Created: created}, "a@b": {Value: "at", Created: created}, "utc": {Value: "u", Created: created.UTC()},
		"bin": {Value: "\xff\x00\n", Created: created}, "k\xff": {Value: "odd key", Created: created}, "with space": {Value: "?", Created: created},
		"large": {Value: strings.Repeat("x", 5_000_000), Created: created}, "huge": {Value: strings.Repeat("x", 6_000_000), Created: created},
	}
	var pongs atomic.Int32
	p := asktest.StartPeer(t, func(ws *websocket.Conn) { values.ServeCounting(ws, &pongs) })
	a := askerOf(t, p, nil)
	over := &overHTTP{value: "over HTTP"}
	p.AnswerHTTP(over)
	for key, want := range values {
		r, err := a.Ask(asktest.Within(t, time.Minute), []byte(key))
		value := want.Value
		if key == "with space" || key == "huge" {
			value = "over HTTP"
		} else if !r.Created.Equal(created) {
			t.Errorf("%q: created %v", key, r.Created)
		}
		if err != nil || !r.Found || string(r.Value) != value {
			t.Errorf("%q: %v, %d bytes, %v", key, r.Found, len(r.Value), err)
		}
	}
	if r, err := a.Ask(asktest.Within(t, time.Minute), []byte("none")); err != nil || r.Found {
		t.Errorf("a miss: %v, %v", r, err)
	}
	for _, key := range []string{" k", "k\n", "a b", ""} {
		if r, err := a.Ask(asktest.Within(t, time.Minute), []byte(key)); err != nil || string(r.Value) != "over HTTP" {
			t.Errorf("%q: %v, %v", key, r, err)
		}
	}
	if len(over.asked) != 6 {
		t.Errorf("asked over HTTP for %.50q", over.asked)
	}
	asktest.WaitUntil(t, "the old node has had some pongs", func() bool { return pongs.Load() > 5 })
	if r, err := a.Ask(asktest.Within(t, time.Minute), []byte("hello")); err != nil || !r.Found || p.Connections() != 1 {
		t.Errorf("later: %v, %v, %d connections", r, err, p.Connections())
	}
}

// TestManyQuestionsAtOnce: they are answered in the opposite order, each with its own.
func TestManyQuestionsAtOnce(t *testing.T) {
	const clients = 1000
	p := asktest.StartPeer(t, func(ws *websocket.Conn) {
		var answers [][]byte
		for range clients {
			_, message, err := ws.ReadMessage()
			if err != nil {
				return
			}
			key := strings.Split(string(message), " ")[1]
			answers = append(answers, asktest.Socket{key: {Value: "value of " + key, Created: time.Unix(1, 0)}}.Answer(string(message)))
		}
		for i := range answers {
			if ws.WriteMessage(websocket.TextMessage, answers[len(answers)-1-i]) != nil {
				return
			}
		}
		_, _, _ = ws.ReadMessage() // until the other end closes
	})
	a := askerOf(t, p, nil)
	ctx := asktest.Within(t, time.Minute)
	var asks sync.WaitGroup
	for i := range clients {
		asks.Go(func() {
			key := fmt.Sprint("key", i)
			if r, err := a.Ask(ctx, []byte(key)); err != nil || string(r.Value) != "value of "+key {
				t.Errorf("%s: %q, %v", key, r.Value, err)
			}
		})
	}
	asks.Wait()
	if p.Connections() != 1 {
		t.Errorf("%d connections", p.Connections())
	}
}

// TestQuestionsUnderWayAreBounded: with a member that never answers.
func TestQuestionsUnderWayAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pipe := asktest.Pipe(asktest.Upgrade(func(ws *websocket.Conn) {
			for {
				if _, _, err := ws.ReadMessage(); err != nil {
					return
				}
			}
		}))
		a := NewWebSocket("member:1", socketOptions(t, func(o *Options) { o.Dial, o.MessageBuffer = pipe, 2 }))
		defer a.Close()
		first, cancel := context.WithCancel(t.Context())
		errs := make(chan error, 2)
		for range 2 {
			go func() {
				_, err := a.Ask(first, []byte("k"))
				errs <- err
			}()
		}
		synctest.Wait()
		if _, err := a.Ask(asktest.Within(t, 20*time.Millisecond), []byte("k")); !errors.Is(err, ErrBusy) {
			t.Errorf("the third: %v", err)
		}
		cancel()
		for range 2 {
			if err := <-errs; !errors.Is(err, context.Canceled) {
				t.Errorf("cancelled: %v", err)
			}
		}
		if _, err := a.Ask(asktest.Within(t, 20*time.Millisecond), []byte("k")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the next: %v", err)
		}
	})
}

func TestAnswersThatNobodyWaitsFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := make(chan string, 1)
		dials := new(atomic.Int32)
		pipe := asktest.Pipe(asktest.Upgrade(func(ws *websocket.Conn) {
			dials.Add(1)
			for {
				_, message, err := ws.ReadMessage()
				if err != nil {
					return
				}
				if strings.HasPrefix(string(message), "get "+ProbeKey) {
					continue
				}
				if strings.HasPrefix(string(message), "get late ") {
					late <- string(message)
					continue
				}
				n := asktest.Socket{"k": {Value: "v", Created: time.Unix(1, 0)}, "late": {Value: "wrong", Created: time.Unix(1, 0)}}
				for _, b := range [][]byte{
					n.Answer("get k info unknown"), n.Answer("get k info"), n.Answer("nonsense"), []byte(`{}`), []byte(`null`), []byte(`{"Key":"@"}`),
					n.Answer(<-late), n.Answer(string(message)), n.Answer(string(message)),
				} {
					if ws.WriteMessage(websocket.TextMessage, b) != nil {
						return
					}
				}
				late <- "get late info none"
			}
		}))
		a := NewWebSocket("member:1", socketOptions(t, func(o *Options) { o.Dial = pipe }))
		defer a.Close()
		if _, err := a.Ask(asktest.Within(t, 50*time.Millisecond), []byte("late")); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("late: %v", err)
		}
		for range 3 {
			if r, err := a.Ask(asktest.Within(t, time.Minute), []byte("k")); err != nil || string(r.Value) != "v" {
				t.Errorf("%q, %v", r.Value, err)
			}
		}
		if n := dials.Load(); n != 1 {
			t.Errorf("%d connections", n)
		}
	})
}

// TestUnwritableEnvelope: a node that cannot write an envelope sends an empty message,
// which is no reason to lose the connection.
func TestUnwritableEnvelope(t *testing.T) {
	p := asktest.StartPeer(t, func(ws *websocket.Conn) {
		for {
			_, message, err := ws.ReadMessage()
			if err != nil || ws.WriteMessage(websocket.TextMessage, nil) != nil ||
				ws.WriteMessage(websocket.TextMessage, asktest.Socket{"k": {Value: "v", Created: asktest.At(1)}}.Answer(string(message))) != nil {
				return
			}
		}
	})
	a := askerOf(t, p, nil)
	for range 3 {
		if r, err := a.Ask(asktest.Within(t, time.Minute), []byte("k")); err != nil || string(r.Value) != "v" || p.Connections() != 1 {
			t.Errorf("%q, %v, %d connections", r.Value, err, p.Connections())
		}
	}
}
