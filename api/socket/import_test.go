package socket_test

import (
	"fmt"
	"owlcache/api/internal/apitest"
	"owlcache/api/socket"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

func TestSocketImports(t *testing.T) {
	large := strings.Repeat("ü", 100_000)
	f := apitest.NewImporter(map[string]string{"hello": "world", "empty": "", "binary": "\xff", "large": large})
	n := apitest.StartImporting(t, f, nil)
	c := n.Connect()
	for _, key := range []string{"hello", "empty", "large", "none"} {
		value, found := f.Values[key]
		if got := c.Ask("get " + key); got != value {
			t.Errorf("get %s: %.40q", key, got)
		}
		for _, tag := range []string{"", "t"} {
			e := (apitest.Answer{Body: c.Ask(strings.TrimSpace("get " + key + " info " + tag))}).Envelope(t)
			if tag != "" && e.Key != key+"@t" || tag == "" && e.Key != key || string(e.Data) != value || (e.Status == 200) != found ||
				(e.Data == nil) == found || found && e.KeyCreateTime.UnixNano() != apitest.ImportedAt {
				t.Errorf("get %s info %s: %.100v", key, tag, e)
			}
		}
	}
	c.Send(websocket.TextMessage, "get binary")
	if kind, got := c.Receive(); kind != websocket.BinaryMessage || got != "\xff" {
		t.Errorf("type %d, %q", kind, got)
	}
	apitest.WantWhole(t, n.Node.Answers)
}

// What has a tag holds up nothing that is asked behind it; what has none is answered in its
// turn.
func TestSocketImportsOutOfTurn(t *testing.T) {
	f := apitest.NewImporter(map[string]string{"slow-1": "one", "slow-2": "two"})
	n := apitest.StartImporting(t, f, nil)
	n.MustSet("own", "v")
	c := n.Connect()
	for i := range socket.MaxImports - 1 {
		c.Send(websocket.TextMessage, fmt.Sprintf("get slow-%d info t%d", i%2+1, i))
	}
	c.Send(websocket.TextMessage, "get own info t")
	c.Send(websocket.TextMessage, "get own")
	if _, got := c.Receive(); !strings.Contains(got, `"own@t"`) {
		t.Errorf("first %s", got)
	}
	if _, got := c.Receive(); got != "v" {
		t.Errorf("second %s", got)
	}
	c.Send(websocket.TextMessage, "get slow-1")
	c.Send(websocket.TextMessage, "get own")
	apitest.Eventually(t, "all wait", func() bool { return f.UnderWay() == socket.MaxImports })
	close(f.Release)
	seen, raw := map[string]string{}, ""
	for range socket.MaxImports + 1 {
		_, got := c.Receive()
		if !strings.HasPrefix(got, "{") {
			raw += got + " "
			continue
		}
		e := (apitest.Answer{Body: got}).Envelope(t)
		seen[e.Key] = string(e.Data)
	}
	for i := range socket.MaxImports - 1 {
		if key := fmt.Sprintf("slow-%d@t%d", i%2+1, i); seen[key] != f.Values[key[:6]] {
			t.Errorf("%s: %q", key, seen[key])
		}
	}
	if raw != "one v " {
		t.Errorf("without tags, in this order: %q", raw)
	}
}

// The imports of a connection are bounded, and what was asked is answered before the
// farewell.
func TestSocketImportsAreBounded(t *testing.T) {
	f := apitest.NewImporter(map[string]string{"slow": "v"})
	n := apitest.StartImporting(t, f, nil)
	c := n.Connect()
	for i := range socket.MaxImports + 5 {
		c.Send(websocket.TextMessage, fmt.Sprintf("get slow info t%d", i))
	}
	if err := c.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(4321, "")); err != nil {
		t.Fatal(err)
	}
	apitest.Eventually(t, "so many are asked", func() bool { return f.UnderWay() == socket.MaxImports })
	if got := f.UnderWay(); got > socket.MaxImports {
		t.Errorf("%d at once", got)
	}
	close(f.Release)
	c.SetCloseHandler(func(int, string) error { return nil })
	for i := range socket.MaxImports + 5 {
		if _, got := c.Receive(); !strings.Contains(got, `"Status":200`) {
			t.Errorf("answer %d: %s", i, got)
		}
	}
	if code := c.CloseCode(); code != 4321 {
		t.Errorf("closed with %d", code)
	}
	apitest.Eventually(t, "it is gone", func() bool { return n.Socket.Open() == 0 })
}

func TestSocketImportPanics(t *testing.T) {
	f := apitest.NewImporter(map[string]string{"hello": "world"})
	n := apitest.StartImporting(t, f, nil)
	c := n.Connect()
	c.Send(websocket.TextMessage, "get panic info t")
	if got := c.Ask("get hello"); got != "world" {
		t.Errorf("%q", got)
	}
	apitest.Eventually(t, "its place is free", func() bool { return f.UnderWay() == 0 })
}
