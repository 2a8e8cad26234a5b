package ask

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"owlcache/cluster/group/asktest"
)

func TestPauses(t *testing.T) {
	for _, tt := range []struct{ least, longest time.Duration }{
		{2 * time.Second, 60 * time.Second}, {time.Second, time.Second}, {10 * time.Second, 11 * time.Second}, {time.Millisecond, time.Hour},
	} {
		p := newPauses(tt.least, tt.longest)
		different := map[time.Duration]bool{}
		for range 200 {
			d := p.next()
			if d < tt.least || d > tt.longest {
				t.Fatalf("%v is not between %v and %v", d, tt.least, tt.longest)
			}
			different[d] = true
		}
		if len(different) < 20 && tt.longest > 2*tt.least {
			t.Errorf("%v to %v: there is no jitter", tt.least, tt.longest)
		}
		if tt.longest >= 30*tt.least {
			if d := p.next(); d < tt.longest/2 {
				t.Errorf("%v after many failures", d)
			}
			p.reset()
			if d := p.next(); d > 2*tt.least {
				t.Errorf("%v after a success", d)
			}
		}
	}
}

// hijacked hands a connection to the library as if it came from an HTTP server.
type hijacked struct{ net.Conn }

func (hijacked) Header() http.Header       { return http.Header{} }
func (hijacked) Write([]byte) (int, error) { return 0, errors.ErrUnsupported }
func (hijacked) WriteHeader(int)           {}
func (h hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.Conn, bufio.NewReadWriter(bufio.NewReader(h.Conn), bufio.NewWriter(h.Conn)), nil
}

// pipeConnect returns connections in memory, whose other ends serve serves.
func pipeConnect(serve func(*websocket.Conn)) func(context.Context) (*websocket.Conn, error) {
	return func(ctx context.Context) (*websocket.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer func() { _ = theirs.Close() }()
			r, err := http.ReadRequest(bufio.NewReader(theirs))
			if err != nil {
				return
			}
			var up websocket.Upgrader
			if ws, err := up.Upgrade(hijacked{theirs}, r, nil); err == nil {
				serve(ws)
			}
		}()
		d := websocket.Dialer{NetDialContext: func(context.Context, string, string) (net.Conn, error) { return ours, nil }}
		ws, _, err := d.DialContext(ctx, "ws://member:1/ws", nil)
		return ws, err
	}
}

// TestReconnecting in an hour of virtual time.
func TestReconnecting(t *testing.T) {
	refused := errors.New("refused")
	for _, tt := range []struct {
		name       string
		connect    func(context.Context) (*websocket.Conn, error)
		from, upTo int // attempts in an hour
	}{
		{"nobody there", func(context.Context) (*websocket.Conn, error) { return nil, refused }, 60, 120},
		{"closes at once", pipeConnect(func(*websocket.Conn) {}), 60, 120},
		// What answers is worth coming back to soon.
		{"answers once", pipeConnect(func(ws *websocket.Conn) {
			if _, m, err := ws.ReadMessage(); err == nil {
				_ = ws.WriteMessage(websocket.TextMessage, asktest.Socket{}.Answer(string(m)))
			}
		}), 900, 1800},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var attempts []time.Time
				o := socketOptions(t, func(o *Options) { o.MinReconnect, o.MaxReconnect = 2*time.Second, 60*time.Second })
				a := startWebSocket(func(ctx context.Context) (*websocket.Conn, error) {
					attempts = append(attempts, time.Now())
					return tt.connect(ctx)
				}, &fixedAsker{}, o)
				for end := time.Now().Add(time.Hour); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
					before := time.Now()
					_, err := a.Ask(context.Background(), []byte("k"))
					if !time.Now().Equal(before) {
						t.Fatalf("a question has waited for %v", time.Since(before))
					}
					if err != nil && tt.name == "nobody there" && !errors.Is(err, refused) {
						t.Fatalf("error %v", err)
					}
				}
				a.Close()
				if n := len(attempts); n < tt.from || n > tt.upTo {
					t.Errorf("%d attempts", n)
				}
				for i := 1; i < len(attempts); i++ {
					if d := attempts[i].Sub(attempts[i-1]); d < 2*time.Second || d > 61*time.Second {
						t.Errorf("attempt %d came after %v", i, d)
					}
				}
			})
		})
	}
}

// TestMemberThatFallsSilent reads everything and says nothing, not even a pong.
func TestMemberThatFallsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var pinged atomic.Int32
		connect := pipeConnect(func(ws *websocket.Conn) {
			ws.SetPingHandler(func(string) error { pinged.Add(1); return nil })
			for {
				if _, _, err := ws.ReadMessage(); err != nil {
					return
				}
			}
		})
		a := startWebSocket(connect, &fixedAsker{}, socketOptions(t, func(o *Options) { o.MinReconnect, o.MaxReconnect = time.Hour, time.Hour }))
		start := time.Now()
		_, err := a.Ask(context.Background(), []byte("k"))
		if err == nil || !strings.Contains(err.Error(), "not been heard of") {
			t.Errorf("error %v", err)
		}
		if d := time.Since(start); d > 25*time.Second || pinged.Load() < 2 {
			t.Errorf("after %v and %d pings", d, pinged.Load())
		}
		a.Close()
	})
}

// TestMemberThatOnlyPongs keeps its connection for as long as it likes.
func TestMemberThatOnlyPongs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dialed := 0
		pipe := pipeConnect(func(ws *websocket.Conn) { _, _, _ = ws.ReadMessage() })
		a := startWebSocket(func(ctx context.Context) (*websocket.Conn, error) {
			dialed++
			return pipe(ctx)
		}, &fixedAsker{}, socketOptions(t, nil))
		time.Sleep(time.Hour)
		a.Close()
		if dialed != 1 {
			t.Errorf("%d connections", dialed)
		}
	})
}
