package ask

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"owlcache/cluster/group/asktest"
)

// TestLongMessageKeepsItsLink: one that takes longer than a member may be silent.
func TestLongMessageKeepsItsLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pipe := asktest.Pipe(asktest.Upgrade(asktest.Slowly(func(ws *websocket.Conn, message string) error {
			answer := asktest.Socket{"slow": {Value: strings.Repeat("x", 3_000_000), Created: asktest.At(1)}}.Answer(message)
			return asktest.WriteSlowly(ws, answer, 2*smallBody, 60*time.Millisecond)
		})))
		o := socketOptions(t, func(o *Options) { o.Dial = pipe })
		ws, err := newSocketDialer("member:1", o).dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		l := newSocketConn(ws, o)
		l.silence, l.ping = time.Second, time.Hour // the message takes longer
		done := make(chan error, 1)
		go func() { done <- l.run(t.Context()) }()
		if r, err := l.ask(asktest.Within(t, time.Minute), []byte("slow")); err != nil || len(r.Value) != 3_000_000 {
			t.Errorf("%d bytes, %v", len(r.Value), err)
		}
		l.fail(ErrGone)
		if err := <-done; !errors.Is(err, ErrGone) {
			t.Error(err)
		}
		time.Sleep(time.Minute) // the member ends too
	})
}

// TestLargeValueIsAskedForOnce: what is too large for this node is not asked for a second
// time over HTTP, and what is too large for a message only there.
func TestLargeValueIsAskedForOnce(t *testing.T) {
	values := asktest.Socket{"k": {Value: "v", Created: asktest.At(1)}, "message": {Value: strings.Repeat("x", 150_000), Created: asktest.At(1)}, "node": {Value: strings.Repeat("x", 600_000), Created: asktest.At(1)}}
	asked := make(chan string, 100)
	p := asktest.StartPeer(t, func(ws *websocket.Conn) {
		for {
			_, message, err := ws.ReadMessage()
			if err != nil {
				return
			}
			asked <- strings.Split(string(message), " ")[1]
			if ws.WriteMessage(websocket.TextMessage, values.Answer(string(message))) != nil {
				return
			}
		}
	})
	a := askerOf(t, p, func(o *Options) { o.MaxMessageSize, o.MaxValueSize = 100_000, 200_000 })
	over := &overHTTP{value: strings.Repeat("x", 150_000)}
	p.AnswerHTTP(over)
	for range 3 {
		if _, err := a.Ask(asktest.Within(t, time.Minute), []byte("node")); !errors.Is(err, ErrTooLarge) {
			t.Errorf("larger than a value: %v", err)
		}
	}
	if len(over.asked) != 0 || len(asked) != 3 {
		t.Errorf("asked over HTTP for %q, %d times otherwise", over.asked, len(asked))
	}
	for range 3 {
		if r, err := a.Ask(asktest.Within(t, time.Minute), []byte("message")); err != nil || len(r.Value) != len(over.value) {
			t.Errorf("larger than a message: %v", err)
		}
	}
	if len(over.asked) != 3 || len(asked) != 4 {
		t.Errorf("asked over HTTP for %q, %d times otherwise", over.asked, len(asked))
	}
	over.value = "x" // it fits again
	for range 2 {
		if _, err := a.Ask(asktest.Within(t, time.Minute), []byte("message")); err != nil {
			t.Error(err)
		}
	}
	if len(over.asked) != 5 || len(asked) != 5 {
		t.Errorf("asked over HTTP for %q, %d times otherwise", over.asked, len(asked))
	}
	if p.Connections() != 1 {
		t.Errorf("%d connections", p.Connections())
	}
}

// A value that no other node takes does not cost the connection either.
func TestValueLargerThanThisNodeTakes(t *testing.T) {
	values := asktest.Socket{"k": {Value: "v", Created: asktest.At(1)}, "huge": {Value: strings.Repeat("x", 9_000_000), Created: asktest.At(1)}}
	p := asktest.StartPeer(t, values.Serve)
	a := askerOf(t, p, func(o *Options) { o.MaxValueSize = 1000 })
	for range 2 {
		if _, err := a.Ask(asktest.Within(t, time.Minute), []byte("huge")); !errors.Is(err, ErrTooLarge) {
			t.Errorf("huge: %v", err)
		}
	}
	if r, err := a.Ask(asktest.Within(t, time.Minute), []byte("k")); err != nil || !r.Found || p.Connections() != 1 {
		t.Errorf("%v, %v, %d connections", r, err, p.Connections())
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
