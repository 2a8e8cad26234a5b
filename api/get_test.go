package api

import (
	"bytes"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"owlcache/engine"
)

func TestGet(t *testing.T) {
	n := start(t, nil)
	binary := "\x00\x01\r\n\xff<&> \"" + strings.Repeat("\x80", 100)
	n.mustSet("hello", "world")
	n.mustSet("empty", "")
	n.mustSet("binary", binary)
	n.mustSet("a b&c=d/é", "odd key")
	n.mustSet("gone", "x")
	n.store.m["gone"] = memEntry{[]byte("x"), engine.Meta{Expires: time.Now().UnixMilli() - 1}}

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
		for how, a := range map[string]answer{"query": n.cmd("cmd", "get", "key", tt.key), "body": n.post("cmd", "get", "key", tt.key)} {
			if a.status != tt.status || a.body != tt.body || a.reason() != tt.reason {
				t.Errorf("get %.20q by %s: status %d, body %q, reason %q", tt.key, how, a.status, a.body, a.reason())
			}
			if got := a.header.Get("Content-Type"); got != typeRaw {
				t.Errorf("get %.20q by %s: Content-Type %q", tt.key, how, got)
			}
		}
	}
}

func TestGetHeaders(t *testing.T) {
	n := start(t, nil)
	n.mustSet("hello", "world")
	entry, _ := n.store.entry("hello")

	hit := n.cmd("cmd", "get", "key", "hello").header
	if got, want := hit.Get("Keycreatetime"), time.Unix(0, entry.meta.Created).UTC().String(); got != want {
		t.Errorf("hit: Keycreatetime %q, want %q", got, want)
	}
	miss := n.cmd("cmd", "get", "key", "none").header
	if got, want := miss.Get("Keycreatetime"), "0001-01-01 00:00:00 +0000 UTC"; got != want {
		t.Errorf("miss: Keycreatetime %q, want %q", got, want)
	}
	for _, h := range []http.Header{hit, miss} {
		if got := h.Get("Responsehost"); got != n.addr {
			t.Errorf("Responsehost %q, want %q", got, n.addr)
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
	n := start(t, nil)
	n.mustSet("hello", "world")
	a := n.do(n.request("HEAD", "/data/?cmd=get&key=hello", "", ""))
	if a.status != 200 || a.body != "" || a.header.Get("Content-Length") != "5" {
		t.Errorf("status %d, body %q, length %q", a.status, a.body, a.header.Get("Content-Length"))
	}
}

func TestGetLarge(t *testing.T) {
	n := start(t, func(o *Options) { o.MaxBodyMemory = 20 << 20 })
	n.answers.patience = 20 * time.Second
	value := bytes.Repeat([]byte("0123456789abcdef"), engine.MaxValueSize/16)
	if _, err := n.store.Set([]byte("big"), value, 0); err != nil {
		t.Fatal(err)
	}
	// Only one of these fits into the budget at a time: the others wait.
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			a := n.cmd("cmd", "get", "key", "big")
			if a.status != 200 || a.body != string(value) {
				t.Errorf("status %d, %d bytes", a.status, len(a.body))
			}
		})
	}
	wg.Wait()
	if head := n.do(n.request("HEAD", "/data/?cmd=get&key=big", "", "")); head.header.Get("Content-Length") != "16777216" {
		t.Errorf("HEAD: length %q", head.header.Get("Content-Length"))
	}
	n.answers.wantWhole(t)
}
