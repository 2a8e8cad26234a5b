package group

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

	"owlcache/cluster/group/ask"
	"owlcache/cluster/group/asktest"
)

// TestTimesThatCannotBe: a value is found whatever its time is, and one that cannot be
// makes nobody else's older.
func TestTimesThatCannotBe(t *testing.T) {
	header := asktest.StartNode(t, map[string]asktest.Entry{
		"far":   {Value: "far", Created: "9999-12-31 23:59:59 +0000 UTC m=+1.5"},
		"zone":  {Value: "zone", Created: "9999-12-31 23:59:59 -1200 -12"},
		"early": {Value: "early", Created: "0000-01-01 00:00:00 +0000 UTC"},
		"edge":  {Value: "edge", Created: "2262-01-01 00:00:00 +0100 CET"},
	})
	socket := asktest.StartPeer(t, func(ws *websocket.Conn) {
		year := func(n int) time.Time { return time.Date(n, 6, 1, 0, 0, 0, 0, time.UTC) }
		asktest.Socket{"far": {Value: "far", Created: year(9999)}, "zone": {Value: "zone", Created: year(2262)}, "early": {Value: "early", Created: year(0)}, "edge": {Value: "edge", Created: year(1678)}}.Serve(ws)
	})
	for name, tt := range map[string]struct {
		address string
		dial    func(string, ask.Options) asker
	}{"HTTP": {header.Addr, overHTTP}, "WebSocket": {socket.Address, overWebSocket}} {
		for _, key := range []string{"far", "zone", "early", "edge"} {
			store := storeOf(map[string]ask.Reply{key: {Value: []byte("own"), Created: asktest.At(1)}})
			o := Options{Store: store, Self: []string{"self:1"}, Options: ask.Options{RequestTimeout: 20 * time.Second}}
			g := startGroup(t, o, listOf(tt.address), tt.dial)
			for range 2 {
				answers, _ := g.Query(t.Context(), []byte(key), "")
				if diff := cmp.Diff([]string{"self:1=own", tt.address + "=" + key}, texts(answers)); diff != "" {
					t.Fatalf("%s: %s: -want +got:\n%s", name, key, diff)
				}
				if text, err := json.Marshal(answers[1].Created); err != nil || string(text) != `"0001-01-01T00:00:00Z"` {
					t.Errorf("%s: %s: %s, %v", name, key, text, err)
				}
				if v, created, _, ok := g.Newest(t.Context(), nil, []byte(key), ""); !ok || string(v) != "own" || !created.Equal(asktest.At(1)) {
					t.Errorf("%s: %s: %q, %v", name, key, v, created)
				}
			}
		}
	}
}

// TestBadClockIsToldOnce: until the member has been down.
func TestBadClockIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := &fakeAsker{answer: func(ctx context.Context, key string) (ask.Reply, error) {
			switch key[0] {
			case 'd':
				return never(ctx, key)
			case 'g':
				return has("v", asktest.At(1))(ctx, key)
			case 'z':
				return has("v", time.Time{})(ctx, key)
			case 'o':
				return ask.Reply{}, nil
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

// TestTimeIsNoReason: a time that cannot be read is the end of one question, not of the
// member.
func TestTimeIsNoReason(t *testing.T) {
	n := asktest.NewPeer(t, nil)
	n.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Keycreatetime", "12026-11-22 10:50:17 +0000 UTC")
		_, _ = w.Write([]byte("v"))
	})
	n.Start()
	g := startGroup(t, Options{CacheLifetime: -1}, listOf(n.Address), overHTTP)
	for range 2 * ask.FailuresToTrip {
		g.Query(t.Context(), []byte("k"), "")
	}
	if s := g.Status()[0]; s.State != stateUnknown || s.LastError != ask.ErrKeyTime.Error() {
		t.Errorf("%+v", s)
	}
}
