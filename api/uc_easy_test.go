package api

import (
	"fmt"
	"strings"
	"testing"
)

func TestURLCacheEasy(t *testing.T) {
	o := startOrigin(t)
	n, store := startUC(t, siteXML(o.URL), easy)
	for _, tt := range []struct{ target, key string }{
		{"/page.html", "/page.html"},
		{"/a%20b/?x=%31&cmd=delete&key=k", "/a%20b/?x=%31&cmd=delete&key=k"},
		{"/q?", "/q?"},
		{"/q?a&&b&", "/q?a&&b&"},
		{"/t?token=secret", "/t"},
		{"/u?a=1&owl_token=secret&b=2", "/u?a=1&b=2"},
		{"/v?%74oken=secret&a=1", "/v?a=1"},
		{"/w?owl_token=&token=theirs", "/w?token=theirs"},
		{"/x?tokens=theirs", "/x?tokens=theirs"},
		{"/data/x", "/data/x"},
	} {
		a := n.get(tt.target)
		if got := o.last.Load(); a.status != 200 || got == nil || got.RequestURI != tt.key || a.body != "<p>"+tt.key || a.header.Get("Key") != tt.key {
			t.Errorf("%s: %d, %q, %s", tt.target, a.status, a.body, a.reason())
		}
		if _, ok := store.Stat([]byte(tt.key)); !ok {
			t.Errorf("%s: not stored as %s", tt.target, tt.key)
		}
	}
	asked := o.asked.Load()
	if a := n.get("/page.html"); a.status != 200 || a.header.Get("Cache-Status") != "owlcache; hit" {
		t.Errorf("again: %d, %v", a.status, a.header)
	}
	for _, path := range []string{"/", "/livez", "/data/?cmd=ping", "/metrics"} {
		if a := n.get(path); a.status != 200 || strings.HasPrefix(a.body, "<p>") {
			t.Errorf("%s: %d, %.60q", path, a.status, a.body)
		}
	}
	for _, tt := range []struct {
		method, target string
		status         int
	}{{"POST", "/p", 404}, {"DELETE", "/p", 404}, {"GET", "//evil.test/", 400}, {"GET", "http://" + n.addr + "/p", 400}, {"GET", `/\evil.test/`, 400}, {"GET", "/a/../../b", 400}, {"GET", "/a%00", 400}, {"GET", "/p#f", 400}} {
		c := n.dial()
		c.send(fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\n\r\n", tt.method, tt.target, n.addr))
		if a := c.receive(tt.method); a.status != tt.status && a.status != 421 { // a target that names a host is taken for it
			t.Errorf("%s %s: %d, %s", tt.method, tt.target, a.status, a.reason())
		}
	}
	if got := o.asked.Load() - asked; got != 0 {
		t.Errorf("the origin was asked %d times more", got)
	}
	if a := n.do(n.request("GET", "/body", formType, "a=b")); a.status != 400 {
		t.Errorf("a request with a body: %d", a.status)
	}
}

func FuzzEasyKey(f *testing.F) {
	for _, target := range []string{"/a", "/a?", "/a?token=s", "/a?b&owl_token=s&token=t", "/a?%74oken=s&&", "?", "/a?%zz=token&token=%"} {
		f.Add([]byte(target))
	}
	f.Fuzz(func(t *testing.T, target []byte) {
		sent := string(target)
		key, token, owlToken := easyKey(target)
		if string(target) != sent {
			t.Error("the request has changed")
		}
		if len(key) > len(target) || owlToken != nil && token != nil {
			t.Errorf("%q: %q, %q, %q", target, key, token, owlToken)
		}
		again, token, owlToken := easyKey(key)
		if len(owlToken) > 0 || token != nil && !strings.Contains(sent, "wl") && !strings.Contains(sent, "%") {
			t.Errorf("%q: %q still holds tokens %q, %q; %q", target, key, token, owlToken, again)
		}
	})
}
