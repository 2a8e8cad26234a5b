package group

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"owlcache/cluster/group/ask"
	"owlcache/cluster/group/asktest"
)

const waitLimit = time.Second

// testSocketGroup runs test in virtual time with a group that asks one member over
// WebSockets in memory, which serve serves.
func testSocketGroup(t *testing.T, serve func(*websocket.Conn), test func(t *testing.T, g *Group)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var dials atomic.Int64
		pipe := asktest.Pipe(asktest.Upgrade(func(ws *websocket.Conn) {
			dials.Add(1)
			serve(ws)
		}))
		o := Options{CacheLifetime: -1, Options: ask.Options{RequestTimeout: waitLimit, Dial: pipe}}
		g := startGroup(t, o, listOf("member:1"), overWebSocket)
		test(t, g)
		if err := g.Close(); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute) // the member ends too
		if n := dials.Load(); n != 1 {
			t.Errorf("%d connections", n)
		}
	})
}

// TestSlowAnswerOnALivingLink: it is the one answer that fails, however often.
func TestSlowAnswerOnALivingLink(t *testing.T) {
	for name, slow := range map[string]func(*websocket.Conn, string) error{
		"other answers come": func(*websocket.Conn, string) error { return nil },
		"its bytes come": func(ws *websocket.Conn, message string) error {
			answer := asktest.Socket{"slow": {Value: strings.Repeat("x", 3_000_000), Created: asktest.At(1)}}.Answer(message)
			return asktest.WriteSlowly(ws, answer, len(answer)/125, waitLimit/100)
		},
	} {
		t.Run(name, func(t *testing.T) {
			testSocketGroup(t, asktest.Slowly(slow), func(t *testing.T, g *Group) {
				for i := range ask.FailuresToTrip + 1 {
					if got, _ := g.Query(t.Context(), []byte("slow"), ""); len(got) != 0 {
						t.Errorf("%v", texts(got))
					}
					if s := g.Status()[0]; s.State == stateDown || s.LastError != ask.ErrTooSlow.Error() {
						t.Fatalf("after %d answers that were slow: %+v", i+1, s)
					}
					if got, _ := g.Query(t.Context(), []byte("other"), ""); len(got) != 1 {
						t.Fatalf("%v, %+v", texts(got), g.Status()[0])
					}
				}
			})
		})
	}
}

// TestQuestionsBehindALargeValue: those fail too, and there may be many of them.
func TestQuestionsBehindALargeValue(t *testing.T) {
	begun := make(chan struct{})
	serve := asktest.Slowly(func(ws *websocket.Conn, message string) error {
		close(begun)
		answer := asktest.Socket{"slow": {Value: strings.Repeat("x", 4_000_000), Created: asktest.At(1)}}.Answer(message)
		return asktest.WriteSlowly(ws, answer, len(answer)/80, 2*waitLimit/80)
	})
	testSocketGroup(t, serve, func(t *testing.T, g *Group) {
		var asks sync.WaitGroup
		asks.Go(func() { g.Query(t.Context(), []byte("slow"), "") })
		<-begun
		for i := range 3 * ask.FailuresToTrip {
			asks.Go(func() { g.Query(t.Context(), fmt.Append(nil, i), "") })
		}
		asks.Wait()
		if s := g.Status()[0]; s.State == stateDown || s.Errors != 3*ask.FailuresToTrip+1 {
			t.Errorf("%+v", s)
		}
	})
}

// TestMemberThatDoesNotAnswer: it is down at once if nothing comes from it, and soon if
// there are only signs of life.
func TestMemberThatDoesNotAnswer(t *testing.T) {
	const pause = waitLimit / 100
	for _, tt := range []struct {
		name  string
		serve func(ws *websocket.Conn)
		until int // questions until it is down
	}{
		{"nothing", readAll, 1},
		{"pings", func(ws *websocket.Conn) {
			go readAll(ws)
			for ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second)) == nil {
				time.Sleep(pause)
			}
		}, ask.FailuresToTrip},
		{"byte by byte", func(ws *websocket.Conn) {
			go readAll(ws)
			_, err := ws.NetConn().Write([]byte("\x81\x7e\xff\x00")) // the head of a frame
			for ; err == nil; time.Sleep(pause) {
				_, err = ws.NetConn().Write([]byte(" "))
			}
		}, ask.FailuresToTrip},
		{"all answers are late", func(ws *websocket.Conn) {
			for {
				_, message, err := ws.ReadMessage()
				time.Sleep(waitLimit + waitLimit/2)
				if err != nil || ws.WriteMessage(websocket.TextMessage, asktest.Socket{}.Answer(string(message))) != nil {
					return
				}
			}
		}, 1},
		{"answers that nobody has asked for", func(ws *websocket.Conn) {
			go readAll(ws)
			for ws.WriteMessage(websocket.TextMessage, []byte(`{"Key":"k@none"}`)) == nil {
				time.Sleep(pause)
			}
		}, ask.FailuresToTrip},
	} {
		t.Run(tt.name, func(t *testing.T) {
			testSocketGroup(t, tt.serve, func(t *testing.T, g *Group) {
				for i := 1; g.Status()[0].State != stateDown; i++ {
					if got, _ := g.Query(t.Context(), fmt.Append(nil, i), ""); len(got) != 0 {
						t.Errorf("%v", texts(got))
					}
					if s := g.Status()[0]; (s.State == stateDown) != (i >= tt.until) {
						t.Fatalf("after %d questions: %+v", i, s)
					}
				}
			})
		})
	}
}

// readAll takes everything and answers nothing.
func readAll(ws *websocket.Conn) {
	for {
		if _, _, err := ws.NextReader(); err != nil {
			return
		}
	}
}
