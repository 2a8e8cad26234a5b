package ask

import (
	"context"
	"errors"
	"net"
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
		different := map[time.Duration]bool{}
		for fails := range 200 {
			d := pauseAfter(fails, tt.least, tt.longest)
			if d < tt.least || d > tt.longest {
				t.Fatalf("%v is not between %v and %v", d, tt.least, tt.longest)
			}
			different[d] = true
		}
		if len(different) < 20 && tt.longest > 2*tt.least {
			t.Errorf("%v to %v: there is no jitter", tt.least, tt.longest)
		}
		if tt.longest >= 30*tt.least {
			if d := pauseAfter(1<<30, tt.least, tt.longest); d < tt.longest/2 {
				t.Errorf("%v after many failures", d)
			}
			if d := pauseAfter(0, tt.least, tt.longest); d > 2*tt.least {
				t.Errorf("%v after a success", d)
			}
		}
	}
}

// TestReconnecting in an hour of virtual time.
func TestReconnecting(t *testing.T) {
	refused := errors.New("refused")
	for _, tt := range []struct {
		name       string
		dial       func(context.Context, string) (net.Conn, error)
		from, upTo int // attempts in an hour
	}{
		{"nobody there", func(context.Context, string) (net.Conn, error) { return nil, refused }, 60, 120},
		{"closes at once", asktest.Pipe(asktest.Upgrade(func(*websocket.Conn) {})), 60, 120},
		// What answers is worth coming back to soon.
		{"answers once", asktest.Pipe(asktest.Upgrade(func(ws *websocket.Conn) {
			if _, m, err := ws.ReadMessage(); err == nil {
				_ = ws.WriteMessage(websocket.TextMessage, asktest.Socket{}.Answer(string(m)))
			}
		})), 900, 1800},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var attempts []time.Time
				a := NewWebSocket("member:1", socketOptions(t, func(o *Options) {
					o.MinReconnect, o.MaxReconnect = 2*time.Second, 60*time.Second
					o.Dial = func(ctx context.Context, address string) (net.Conn, error) {
						attempts = append(attempts, time.Now())
						return tt.dial(ctx, address)
					}
				}))
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
		pipe := asktest.Pipe(asktest.Upgrade(func(ws *websocket.Conn) {
			ws.SetPingHandler(func(string) error { pinged.Add(1); return nil })
			for {
				if _, _, err := ws.ReadMessage(); err != nil {
					return
				}
			}
		}))
		a := NewWebSocket("member:1", socketOptions(t, func(o *Options) { o.Dial, o.MinReconnect, o.MaxReconnect = pipe, time.Hour, time.Hour }))
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
		var dialed atomic.Int32
		pipe := asktest.Pipe(asktest.Upgrade(func(ws *websocket.Conn) {
			dialed.Add(1)
			_, _, _ = ws.ReadMessage()
		}))
		a := NewWebSocket("member:1", socketOptions(t, func(o *Options) { o.Dial = pipe }))
		time.Sleep(time.Hour)
		a.Close()
		if n := dialed.Load(); n != 1 {
			t.Errorf("%d connections", n)
		}
	})
}
