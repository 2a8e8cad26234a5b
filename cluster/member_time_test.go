package cluster

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"
)

// TestTimesThatCannotBe: a value is found whatever its time is, and one that cannot be
// makes nobody else's older.
func TestTimesThatCannotBe(t *testing.T) {
	header := startOldNode(t, map[string]oldEntry{
		"far":   {"far", "9999-12-31 23:59:59 +0000 UTC m=+1.5"},
		"zone":  {"zone", "9999-12-31 23:59:59 -1200 -12"},
		"early": {"early", "0000-01-01 00:00:00 +0000 UTC"},
		"edge":  {"edge", "2262-01-01 00:00:00 +0100 CET"},
	})
	socket := startSocketPeer(t, func(ws *websocket.Conn) {
		year := func(n int) time.Time { return time.Date(n, 6, 1, 0, 0, 0, 0, time.UTC) }
		oldSocket{"far": {"far", year(9999)}, "zone": {"zone", year(2262)}, "early": {"early", year(0)}, "edge": {"edge", year(1678)}}.serve(ws)
	})
	for name, tt := range map[string]struct {
		address string
		dial    func(string, Options) asker
	}{"HTTP": {header.addr, newHTTPAsker}, "WebSocket": {socket.address, newSocketAsker}} {
		for _, key := range []string{"far", "zone", "early", "edge"} {
			store := storeOf(map[string]reply{key: {value: []byte("own"), created: at(1)}})
			o := Options{Store: store, Self: []string{"self:1"}, RequestTimeout: 20 * time.Second}
			g := startGroup(t, o, listOf(tt.address), tt.dial)
			for range 2 {
				answers, _ := g.Query(t.Context(), []byte(key), "")
				if diff := cmp.Diff([]string{"self:1=own", tt.address + "=" + key}, texts(answers)); diff != "" {
					t.Fatalf("%s: %s: -want +got:\n%s", name, key, diff)
				}
				if text, err := json.Marshal(answers[1].Created); err != nil || string(text) != `"0001-01-01T00:00:00Z"` {
					t.Errorf("%s: %s: %s, %v", name, key, text, err)
				}
				if v, created, _, ok := g.Newest(t.Context(), nil, []byte(key), ""); !ok || string(v) != "own" || !created.Equal(at(1)) {
					t.Errorf("%s: %s: %q, %v", name, key, v, created)
				}
			}
		}
	}
}

// TestBadClockIsToldOnce: until the member has been down.
func TestBadClockIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &fakeAsker{answer: func(ctx context.Context, key string) (reply, error) {
			switch key[0] {
			case 'd':
				return never(ctx, key)
			case 'g':
				return has("v", at(1))(ctx, key)
			case 'z':
				return has("v", time.Time{})(ctx, key)
			case 'o':
				return reply{}, nil
			}
			return has("v", time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC))(ctx, key)
		}}
		var logged syncBuffer
		g := startGroup(t, Options{CacheLifetime: -1, Logger: logTo(&logged)}, listOf("a:1"), dialer(t, map[string]*fakeAsker{"a:1": fake}))
		want := func(keys string, lines int) {
			t.Helper()
			for _, key := range keys {
				g.Query(t.Context(), []byte(string(key)), "")
			}
			if n := strings.Count(logged.String(), "member=a:1 key_time=9999-01-01T00:00:00Z"); n != lines {
				t.Errorf("after %s it is told %d times, want %d:\n%s", keys, n, lines, logged.String())
			}
		}
		want("gzo", 0) // the zero time is what a node gives where there is none
		want("bgbbgb", 1)
		want("d", 1)
		time.Sleep(time.Minute)
		synctest.Wait()
		want("bb", 2)
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestUnwritableEnvelope: a node that cannot write an envelope sends an empty message,
// which is no reason to lose the connection.
func TestUnwritableEnvelope(t *testing.T) {
	p := startSocketPeer(t, func(ws *websocket.Conn) {
		for {
			_, message, err := ws.ReadMessage()
			if err != nil || ws.WriteMessage(websocket.TextMessage, nil) != nil ||
				ws.WriteMessage(websocket.TextMessage, oldSocket{"k": {"v", at(1)}}.answer(string(message))) != nil {
				return
			}
		}
	})
	a := p.asker(t, nil)
	for range 3 {
		if r, err := a.ask(within(t, 10*time.Second), []byte("k")); err != nil || string(r.value) != "v" || p.connections() != 1 {
			t.Errorf("%q, %v, %d connections", r.value, err, p.connections())
		}
	}
}

// TestTimeIsNoReason: a time that cannot be read is the end of one question, not of the
// member.
func TestTimeIsNoReason(t *testing.T) {
	n := newSocketPeer(t, nil)
	n.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Keycreatetime", "12026-11-22 10:50:17 +0000 UTC")
		_, _ = w.Write([]byte("v"))
	})
	n.Start()
	g := startGroup(t, Options{CacheLifetime: -1}, listOf(n.address), newHTTPAsker)
	for range 2 * failuresToTrip {
		g.Query(t.Context(), []byte("k"), "")
	}
	if s := g.Status()[0]; s.State != stateUnknown || s.LastError != errKeyTime.Error() {
		t.Errorf("%+v", s)
	}
}
