package ask

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"owlcache/cluster/group/asktest"
)

// TestOddAnswers: what is wrong with one answer is the end of that question, not of the
// connection.
func TestOddAnswers(t *testing.T) {
	p := asktest.StartPeer(t, func(ws *websocket.Conn) {
		for {
			_, message, err := ws.ReadMessage()
			if err != nil {
				return
			}
			words := strings.Split(string(message), " ")
			key := words[1] + "@" + words[3]
			answer := map[string]string{
				"status": `{"Status":500,"Key":%q}`,
				"none":   `{"Key":%q}`,
				"time":   `{"Status":200,"Key":%q,"Data":"eA==","KeyCreateTime":"yesterday"}`,
				"zone":   `{"Status":200,"Key":%q,"Data":"eA==","KeyCreateTime":"2025-01-01T00:00:00+24:00"}`,
				"notime": `{"Status":200,"Key":%q,"Data":"eA=="}`,
				"value":  `{"Status":200,"Key":%q,"Data":"eHh4eHg=","KeyCreateTime":"2025-01-01T00:00:00Z"}`,
				"good":   `{"status":200,"key":%q,"data":"eA==","keycreatetime":"2025-01-01 08:00:00 +0800 CST m=+2.27","More":[{}]}`,
			}[words[1]]
			if ws.WriteMessage(websocket.BinaryMessage, fmt.Appendf(nil, answer, key)) != nil {
				return
			}
		}
	})
	a := askerOf(t, p, func(o *Options) { o.MaxValueSize = 4 })
	for key, want := range map[string]string{
		"status": "status 500", "none": "status 0", "time": ErrKeyTime.Error(), "zone": ErrKeyTime.Error(), "notime": ErrKeyTime.Error(), "value": ErrTooLarge.Error(),
	} {
		if r, err := a.Ask(asktest.Within(t, time.Minute), []byte(key)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v", key, r, err)
		}
	}
	r, err := a.Ask(asktest.Within(t, time.Minute), []byte("good"))
	if err != nil || string(r.Value) != "x" || !r.Created.Equal(time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("good: %v, %v", r, err)
	}
	if p.Connections() != 1 {
		t.Errorf("%d connections", p.Connections())
	}
}

// TestBrokenLinks: each ends the questions under way at once, says why, and the next
// connection works.
func TestBrokenLinks(t *testing.T) {
	for _, tt := range []struct {
		name string
		fail func(ws *websocket.Conn)
		want string
	}{
		{"garbage", func(ws *websocket.Conn) { _ = ws.WriteMessage(websocket.TextMessage, []byte("<html>")) }, errNoEnvelope.Error()},
		{"cut-off JSON", func(ws *websocket.Conn) { _ = ws.WriteMessage(websocket.TextMessage, []byte(`{"Key":"k`)) }, errNoEnvelope.Error()},
		{"other JSON", func(ws *websocket.Conn) { _ = ws.WriteMessage(websocket.TextMessage, []byte(`[1]`)) }, errNoEnvelope.Error()},
		{"no base64", func(ws *websocket.Conn) { _ = ws.WriteMessage(websocket.TextMessage, []byte(`{"Data":"$"}`)) }, errNoEnvelope.Error()},
		{"deep JSON", func(ws *websocket.Conn) {
			_ = ws.WriteMessage(websocket.TextMessage, []byte(strings.Repeat(`[`, 1_000_000)))
		}, errNoEnvelope.Error()},
		{"binary", func(ws *websocket.Conn) { _ = ws.WriteMessage(websocket.BinaryMessage, []byte("\xff\xfe")) }, errNoEnvelope.Error()},
		{"hangs up", func(ws *websocket.Conn) { _ = ws.NetConn().Close() }, "connection"},
		{"takes leave", func(ws *websocket.Conn) {
			_ = ws.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseGoingAway, ""))
		}, "code 1001"},
		{"huge frame", func(ws *websocket.Conn) {
			_, _ = ws.NetConn().Write([]byte("\x82\x7f\x00\x00\x00\x01\x00\x00\x00\x00"))
			_, _, _ = ws.ReadMessage()
		}, "larger than any answer"},
		{"endless pieces", func(ws *websocket.Conn) {
			w, _ := ws.NextWriter(websocket.TextMessage)
			for piece := make([]byte, 1<<20); ; {
				if _, err := w.Write(piece); err != nil {
					return
				}
			}
		}, "larger than any answer"},
		{"masked", func(ws *websocket.Conn) { _, _ = ws.NetConn().Write([]byte("\x81\x80\x00\x00\x00\x00")) }, "bad MASK"},
		{"no frame", func(ws *websocket.Conn) { _, _ = ws.NetConn().Write([]byte("HTTP/1.1 200 OK\r\n")) }, "connection is lost"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var p *asktest.Peer
			p = asktest.StartPeer(t, func(ws *websocket.Conn) {
				if p.Connections() > 1 {
					asktest.Socket{"k": {Value: "v", Created: time.Unix(1, 0)}}.Serve(ws)
					return
				}
				for range 3 {
					if _, _, err := ws.ReadMessage(); err != nil {
						return
					}
				}
				tt.fail(ws)
				_, _, _ = ws.ReadMessage() // until the other end closes
			})
			a := askerOf(t, p, nil)
			var asks sync.WaitGroup
			for range 3 {
				asks.Go(func() {
					_, err := a.Ask(asktest.Within(t, time.Minute), []byte("k"))
					if err == nil || !strings.Contains(err.Error(), tt.want) {
						t.Errorf("error %v", err)
					}
				})
			}
			asks.Wait()
			asktest.WaitUntil(t, "there is a connection again", func() bool {
				r, err := a.Ask(asktest.Within(t, time.Minute), []byte("k"))
				return err == nil && r.Found
			})
		})
	}
}

// TestOversizedAnswer: it is passed over, whatever its pieces, and asked for over HTTP.
func TestOversizedAnswer(t *testing.T) {
	p := asktest.StartPeer(t, func(ws *websocket.Conn) {
		n := asktest.Socket{"k": {Value: "v", Created: time.Unix(1, 0)}, "big": {Value: strings.Repeat("x", 1_000_000), Created: time.Unix(1, 0)}}
		for {
			_, message, err := ws.ReadMessage()
			if err != nil {
				return
			}
			w, err := ws.NextWriter(websocket.TextMessage) // in pieces of 4 KiB
			if err == nil {
				_, err = w.Write(n.Answer(string(message)))
			}
			if err != nil || w.Close() != nil {
				return
			}
		}
	})
	a := askerOf(t, p, func(o *Options) { o.MaxMessageSize = 100_000 })
	over := &overHTTP{value: "over HTTP"}
	p.AnswerHTTP(over)
	for i := range 5 {
		if r, err := a.Ask(asktest.Within(t, time.Minute), []byte("big")); err != nil || string(r.Value) != "over HTTP" {
			t.Errorf("big: %q, %v", r.Value, err)
		}
		if r, err := a.Ask(asktest.Within(t, time.Minute), []byte("k")); err != nil || string(r.Value) != "v" {
			t.Errorf("k: %q, %v", r.Value, err)
		}
		if len(over.asked) != i+1 {
			t.Errorf("asked over HTTP: %q", over.asked)
		}
	}
	if p.Connections() != 1 {
		t.Errorf("%d connections", p.Connections())
	}
}

// TestMemberThatDoesNotRead: its connection is given up, and nobody hangs.
func TestMemberThatDoesNotRead(t *testing.T) {
	release := make(chan struct{})
	p := asktest.StartPeer(t, func(ws *websocket.Conn) {
		_ = ws.NetConn().(*net.TCPConn).SetReadBuffer(4 << 10)
		<-release
	})
	defer close(release)
	a := askerOf(t, p, func(o *Options) { o.WriteWait, o.MinReconnect = 50*time.Millisecond, time.Hour })
	key := []byte(strings.Repeat("k", 8<<10))
	var asks sync.WaitGroup
	for range 1000 {
		asks.Go(func() {
			_, err := a.Ask(asktest.Within(t, time.Minute), key)
			if err == nil || !strings.Contains(err.Error(), "takes no more questions") {
				t.Errorf("error %v", err)
			}
		})
	}
	asks.Wait()
}

func TestCloseEndsQuestions(t *testing.T) {
	asked := make(chan struct{}, 1)
	p := asktest.StartPeer(t, func(ws *websocket.Conn) {
		_, _, _ = ws.ReadMessage()
		asked <- struct{}{}
		_, _, err := ws.ReadMessage()
		if !websocket.IsCloseError(err, websocket.CloseGoingAway) {
			t.Errorf("the farewell is %v", err)
		}
		asked <- struct{}{}
	})
	a := askerOf(t, p, nil)
	result := make(chan error, 1)
	go func() {
		_, err := a.Ask(context.Background(), []byte("k"))
		result <- err
	}()
	<-asked
	a.Close()
	if err := <-result; !errors.Is(err, ErrGone) {
		t.Errorf("error %v", err)
	}
	<-asked
	if _, err := a.Ask(context.Background(), []byte("k")); !errors.Is(err, ErrGone) {
		t.Errorf("afterwards: %v", err)
	}
	a.Close()
}
