package classic_test

import (
	"bytes"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"owlcache/api"
	"owlcache/api/internal/apitest"
	"owlcache/api/internal/exchange"
	"owlcache/engine"
)

func TestGet(t *testing.T) {
	n := apitest.Start(t, nil)
	binary := "\x00\x01\r\n\xff<&> \"" + strings.Repeat("\x80", 100)
	n.MustSet("hello", "world")
	n.MustSet("empty", "")
	n.MustSet("binary", binary)
	n.MustSet("a b&c=d/é", "odd key")
	n.MustSet("gone", "x")
	n.Store.M["gone"] = apitest.Entry{Value: []byte("x"), Meta: engine.Meta{Expires: time.Now().UnixMilli() - 1}}

	tests := []struct {
		key    string
		status int
		body   string
		reason string
	}{
		{"hello", 200, "world", ""},
		{"empty", 200, "", ""},
		{"binary", 200, binary, ""},
		{"a b&c=d/é", 200, "odd key", ""},
		{"gone", 404, "", "key not found"},
		{"none", 404, "", "key not found"},
		{"Hello", 404, "", "key not found"},
		{"", 500, "", "key is empty"},
		{strings.Repeat("k", engine.MaxKeySize+1), 500, "", "key is too large"},
	}
	for _, tt := range tests {
		for how, a := range map[string]apitest.Answer{"query": n.Cmd("cmd", "get", "key", tt.key), "body": n.Post("cmd", "get", "key", tt.key)} {
			if a.Status != tt.status || a.Body != tt.body || a.Reason() != tt.reason {
				t.Errorf("get %.20q by %s: status %d, body %q, reason %q", tt.key, how, a.Status, a.Body, a.Reason())
			}
			if got := a.Header.Get("Content-Type"); got != exchange.TypeRaw {
				t.Errorf("get %.20q by %s: Content-Type %q", tt.key, how, got)
			}
		}
	}
}

func TestGetHeaders(t *testing.T) {
	n := apitest.Start(t, nil)
	n.MustSet("hello", "world")
	entry, _ := n.Store.Entry("hello")

	hit := n.Cmd("cmd", "get", "key", "hello").Header
	if got, want := hit.Get("Keycreatetime"), time.Unix(0, entry.Meta.Created).UTC().String(); got != want {
		t.Errorf("hit: Keycreatetime %q, want %q", got, want)
	}
	miss := n.Cmd("cmd", "get", "key", "none").Header
	if got, want := miss.Get("Keycreatetime"), "0001-01-01 00:00:00 +0000 UTC"; got != want {
		t.Errorf("miss: Keycreatetime %q, want %q", got, want)
	}
	for _, h := range []http.Header{hit, miss} {
		if got := h.Get("Responsehost"); got != n.Addr {
			t.Errorf("Responsehost %q, want %q", got, n.Addr)
		}
		if got := h.Get("Server"); got != "owlcache 0.6.0" {
			t.Errorf("Server %q", got)
		}
	}
	if hit.Get("Key") != "hello" || miss.Get("Key") != "none" {
		t.Errorf("Key %q and %q", hit.Get("Key"), miss.Get("Key"))
	}
}

func TestGetHead(t *testing.T) {
	n := apitest.Start(t, nil)
	n.MustSet("hello", "world")
	a := n.Do(n.Request("HEAD", "/data/?cmd=get&key=hello", "", ""))
	if a.Status != 200 || a.Body != "" || a.Header.Get("Content-Length") != "5" {
		t.Errorf("status %d, body %q, length %q", a.Status, a.Body, a.Header.Get("Content-Length"))
	}
}

func TestGetLarge(t *testing.T) {
	n := apitest.Start(t, func(o *api.Options) { o.MaxBodyMemory = 20 << 20 })
	n.Node.Answers.Patience = 20 * time.Second
	value := bytes.Repeat([]byte("0123456789abcdef"), engine.MaxValueSize/16)
	if _, err := n.Store.Set([]byte("big"), value, 0); err != nil {
		t.Fatal(err)
	}
	// Only one of these fits into the budget at a time: the others wait.
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			a := n.Cmd("cmd", "get", "key", "big")
			if a.Status != 200 || a.Body != string(value) {
				t.Errorf("status %d, %d bytes", a.Status, len(a.Body))
			}
		})
	}
	wg.Wait()
	if head := n.Do(n.Request("HEAD", "/data/?cmd=get&key=big", "", "")); head.Header.Get("Content-Length") != "16777216" {
		t.Errorf("HEAD: length %q", head.Header.Get("Content-Length"))
	}
	apitest.WantWhole(t, n.Node.Answers)
}
