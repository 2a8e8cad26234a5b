package classic_test

import (
	"context"
	"fmt"
	"net/http"
	"owlcache/api/internal/apitest"
	"owlcache/api/internal/exchange"
	"owlcache/api/internal/node"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

func TestGetImports(t *testing.T) {
	large := strings.Repeat("x", node.KeepBuffer+1)
	f := apitest.NewImporter(map[string]string{"hello": "world", "empty": "", "binary": "\x00\r\n\xff", "large": large})
	n := apitest.StartImporting(t, f, nil)
	n.MustSet("own", "of this node")
	for _, tt := range []struct {
		key    string
		status int
		body   string
	}{
		{"own", 200, "of this node"},
		{"hello", 200, "world"},
		{"empty", 200, ""},
		{"binary", 200, "\x00\r\n\xff"},
		{"large", 200, large},
		{"none", 404, ""},
		{"", 500, ""},
	} {
		a := n.Cmd("cmd", "get", "key", tt.key)
		if a.Status != tt.status || a.Body != tt.body || a.Header.Get("Content-Type") != exchange.TypeRaw {
			t.Errorf("%q: status %d, %.40q, %v", tt.key, a.Status, a.Body, a.Header)
		}
		if tt.status == 200 && tt.key != "own" && a.Header.Get("Keycreatetime") != "2023-11-14 22:13:20.123456789 +0000 UTC" {
			t.Errorf("%q: Keycreatetime %q", tt.key, a.Header.Get("Keycreatetime"))
		}
		head := n.Do(n.Request("HEAD", "/data/?"+apitest.Encode("cmd", "get", "key", tt.key), "", ""))
		if head.Status != tt.status || tt.body != "" && head.Header.Get("Content-Length") != fmt.Sprint(len(tt.body)) {
			t.Errorf("HEAD %q: status %d, length %s", tt.key, head.Status, head.Header.Get("Content-Length"))
		}
	}
	if got := strings.Join(f.Asked, " "); got != "hello hello empty empty binary binary large large none none" {
		t.Errorf("asked for %s", got)
	}
	apitest.WantWhole(t, n.Node.Answers)
}

// Only get looks elsewhere.
func TestOthersDoNotImport(t *testing.T) {
	f := apitest.NewImporter(map[string]string{"hello": "world"})
	n := apitest.StartImporting(t, f, nil)
	token := n.Token()
	for _, cmd := range []string{"exist", "expire", "delete"} {
		if a := n.Post("cmd", cmd, "key", "hello", "exptime", "5", "token", token); a.Status != 404 {
			t.Errorf("%s: status %d", cmd, a.Status)
		}
	}
	n.Get("/group_data/?cmd=get&key=hello")
	if len(f.Asked) != 0 {
		t.Errorf("asked for %q", f.Asked)
	}
}

// Another node that asks has its own clients' misses in mind and not this one's.
func TestNothingIsImportedForOtherNodes(t *testing.T) {
	f := apitest.NewImporter(map[string]string{"hello": "world"})
	n := apitest.StartImporting(t, f, nil)
	n.MustSet("own", "v")
	for key, want := range map[string]apitest.Answer{"hello": {Status: 404}, "own": {Status: 200, Body: "v"}} {
		req := n.Request("GET", "/data/?cmd=get&key="+key, "", "")
		req.Header.Set("Owlcache-Import", "no")
		if a := n.Do(req); a.Status != want.Status || a.Body != want.Body {
			t.Errorf("%s: status %d, %q", key, a.Status, a.Body)
		}
	}
	c := n.ConnectWith(http.Header{"Owlcache-Import": {"no"}})
	for _, tag := range []string{"", " info", " info t"} {
		if got := c.Ask("get hello" + tag); got != "" && !strings.Contains(got, `"Status":404`) {
			t.Errorf("get hello%s: %s", tag, got)
		}
	}
	if got := c.Ask("get own"); got != "v" {
		t.Errorf("get own: %q", got)
	}
	if len(f.Asked) != 0 {
		t.Errorf("asked for %q", f.Asked)
	}
	req := n.Request("GET", "/data/?cmd=get&key=hello", "", "")
	req.Header.Set("Owlcache-Import", "yes")
	if a := n.Do(req); a.Body != "world" {
		t.Errorf("another value of the header: status %d", a.Status)
	}
}

func TestImportOfLargeValueWithoutMemory(t *testing.T) {
	f := apitest.NewImporter(map[string]string{"large": strings.Repeat("x", node.KeepBuffer+1)})
	n := apitest.StartImporting(t, f, nil)
	n.Node.Answers.Patience = 1
	if !n.Node.Answers.Take(n.Node.Answers.Size) {
		t.Fatal("there is no memory at all")
	}
	if a := n.Cmd("cmd", "get", "key", "large"); a.Status != 503 || a.Header.Get("Retry-After") == "" {
		t.Errorf("status %d, %v", a.Status, a.Header)
	}
	c := n.Connect()
	if got := c.Ask("get large info t"); !strings.Contains(got, `"Status":500`) || !strings.Contains(got, `"large@t"`) {
		t.Errorf("%s", got)
	}
	n.Node.Answers.Give(n.Node.Answers.Size)
	if got := c.Ask("get large info t"); !strings.Contains(got, `"Status":200`) {
		t.Errorf("%.100s", got)
	}
	apitest.WantWhole(t, n.Node.Answers)
}

// The end of the server ends the waiting for an import.
func TestImportEndsWithTheServer(t *testing.T) {
	f := apitest.NewImporter(nil)
	n := apitest.StartImporting(t, f, nil)
	n.MustSet("own", "v")
	c, tagged := n.Connect(), n.Connect()
	c.Send(websocket.TextMessage, "get slow-1")
	tagged.Send(websocket.TextMessage, "get slow-2 info t")
	done := make(chan apitest.Answer, 1)
	req, err := http.NewRequest("GET", "http://"+n.Addr+"/data/?cmd=get&key=slow-3", nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() { done <- n.Do(req) }()
	apitest.Eventually(t, "they wait", func() bool { return f.UnderWay() == 3 })
	if a := n.Cmd("cmd", "get", "key", "own"); a.Body != "v" { // what is here waits for nobody
		t.Errorf("status %d, %q", a.Status, a.Body)
	}
	if err := n.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	if a := <-done; a.Status != 404 {
		t.Errorf("status %d", a.Status)
	}
	for _, c := range []*apitest.SocketClient{c, tagged} {
		if code := c.CloseCode(); code != websocket.CloseGoingAway {
			t.Errorf("closed with %d", code)
		}
	}
}
