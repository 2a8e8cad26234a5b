package cluster

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

func TestSocketAskerWithAnOldNode(t *testing.T) {
	created := time.Date(2025, 2, 21, 13, 2, 35, 587603100, time.FixedZone("CST", 8*3600))
	values := oldSocket{
		"hello": {"world", created}, "empty": {"", created}, "a@b": {"at", created}, "utc": {"u", created.UTC()},
		"bin": {"\xff\x00\n", created}, "k\xff": {"odd key", created}, "with space": {"?", created},
		"large": {strings.Repeat("x", 5_000_000), created}, "huge": {strings.Repeat("x", 6_000_000), created},
	}
	var pongs atomic.Int32
	p := startSocketPeer(t, func(ws *websocket.Conn) { values.serveCounting(ws, &pongs) })
	a := p.asker(t, nil)
	over := &fixedAsker{}
	a.http.close()
	a.http = over
	for key, want := range values {
		r, err := a.ask(within(t, 10*time.Second), []byte(key))
		value := want.value
		if key == "with space" || key == "huge" {
			value = "over HTTP"
		} else if !r.created.Equal(created) {
			t.Errorf("%q: created %v", key, r.created)
		}
		if err != nil || !r.found || string(r.value) != value {
			t.Errorf("%q: %v, %d bytes, %v", key, r.found, len(r.value), err)
		}
	}
	if r, err := a.ask(within(t, 10*time.Second), []byte("none")); err != nil || r.found {
		t.Errorf("a miss: %v, %v", r, err)
	}
	for _, key := range []string{" k", "k\n", "a b", ""} {
		if r, err := a.ask(within(t, 10*time.Second), []byte(key)); err != nil || string(r.value) != "over HTTP" {
			t.Errorf("%q: %v, %v", key, r, err)
		}
	}
	if len(over.asked) != 6 {
		t.Errorf("asked over HTTP for %.50q", over.asked)
	}
	waitUntil(t, "the old node has had some pongs", func() bool { return pongs.Load() > 5 })
	if r, err := a.ask(within(t, 10*time.Second), []byte("hello")); err != nil || !r.found || p.connections() != 1 {
		t.Errorf("later: %v, %v, %d connections", r, err, p.connections())
	}
}

// TestManyQuestionsAtOnce: they are answered in the opposite order, each with its own.
func TestManyQuestionsAtOnce(t *testing.T) {
	const clients = 1000
	p := startSocketPeer(t, func(ws *websocket.Conn) {
		var answers [][]byte
		for range clients {
			_, message, err := ws.ReadMessage()
			if err != nil {
				return
			}
			key := strings.Split(string(message), " ")[1]
			answers = append(answers, oldSocket{key: {"value of " + key, time.Unix(1, 0)}}.answer(string(message)))
		}
		for i := range answers {
			if ws.WriteMessage(websocket.TextMessage, answers[len(answers)-1-i]) != nil {
				return
			}
		}
		_, _, _ = ws.ReadMessage() // until the other end closes
	})
	a := p.asker(t, nil)
	ctx := within(t, 20*time.Second)
	var asks sync.WaitGroup
	for i := range clients {
		asks.Go(func() {
			key := fmt.Sprint("key", i)
			if r, err := a.ask(ctx, []byte(key)); err != nil || string(r.value) != "value of "+key {
				t.Errorf("%s: %q, %v", key, r.value, err)
			}
		})
	}
	asks.Wait()
	if p.connections() != 1 {
		t.Errorf("%d connections", p.connections())
	}
}

// TestQuestionsUnderWayAreBounded: with a member that never answers.
func TestQuestionsUnderWayAreBounded(t *testing.T) {
	seen := make(chan string, 10)
	p := startSocketPeer(t, func(ws *websocket.Conn) {
		for {
			_, message, err := ws.ReadMessage()
			if err != nil {
				return
			}
			seen <- string(message)
		}
	})
	a := p.asker(t, func(o *Options) { o.MessageBuffer = 2 })
	first, cancel := context.WithCancel(context.Background())
	errs := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := a.ask(first, []byte("k"))
			errs <- err
		}()
	}
	<-seen
	<-seen
	if _, err := a.ask(within(t, 20*time.Millisecond), []byte("k")); !errors.Is(err, errBusy) {
		t.Errorf("the third: %v", err)
	}
	cancel()
	for range 2 {
		if err := <-errs; !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
	}
	if _, err := a.ask(within(t, 20*time.Millisecond), []byte("k")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the next: %v", err)
	}
}

func TestAnswersThatNobodyWaitsFor(t *testing.T) {
	late := make(chan string, 1)
	p := startSocketPeer(t, func(ws *websocket.Conn) {
		for {
			_, message, err := ws.ReadMessage()
			if err != nil {
				return
			}
			if strings.HasPrefix(string(message), "get "+probeKey) {
				continue
			}
			if strings.HasPrefix(string(message), "get late ") {
				late <- string(message)
				continue
			}
			n := oldSocket{"k": {"v", time.Unix(1, 0)}, "late": {"wrong", time.Unix(1, 0)}}
			for _, b := range [][]byte{
				n.answer("get k info unknown"), n.answer("get k info"), n.answer("nonsense"), []byte(`{}`), []byte(`null`), []byte(`{"Key":"@"}`),
				n.answer(<-late), n.answer(string(message)), n.answer(string(message)),
			} {
				if ws.WriteMessage(websocket.TextMessage, b) != nil {
					return
				}
			}
			late <- "get late info none"
		}
	})
	a := p.asker(t, nil)
	if _, err := a.ask(within(t, 50*time.Millisecond), []byte("late")); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("late: %v", err)
	}
	for range 3 {
		if r, err := a.ask(within(t, 10*time.Second), []byte("k")); err != nil || string(r.value) != "v" {
			t.Errorf("%q, %v", r.value, err)
		}
	}
	if p.connections() != 1 {
		t.Errorf("%d connections", p.connections())
	}
}
