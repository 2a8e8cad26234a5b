package urlcache_test

import (
	"fmt"
	"owlcache/api/internal/apitest"
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
		a := n.Get(tt.target)
		if got := o.last.Load(); a.Status != 200 || got == nil || got.RequestURI != tt.key || a.Body != "<p>"+tt.key || a.Header.Get("Key") != tt.key {
			t.Errorf("%s: %d, %q, %s", tt.target, a.Status, a.Body, a.Reason())
		}
		if _, ok := store.Stat([]byte(tt.key)); !ok {
			t.Errorf("%s: not stored as %s", tt.target, tt.key)
		}
	}
	asked := o.asked.Load()
	if a := n.Get("/page.html"); a.Status != 200 || a.Header.Get("Cache-Status") != "owlcache; hit" {
		t.Errorf("again: %d, %v", a.Status, a.Header)
	}
	for _, path := range []string{"/", "/livez", "/data/?cmd=ping", "/metrics"} {
		if a := n.Get(path); a.Status != 200 || strings.HasPrefix(a.Body, "<p>") {
			t.Errorf("%s: %d, %.60q", path, a.Status, a.Body)
		}
	}
	for _, tt := range []struct {
		method, target string
		status         int
	}{{"POST", "/p", 404}, {"DELETE", "/p", 404}, {"GET", "//evil.test/", 400}, {"GET", "http://" + n.Addr + "/p", 400}, {"GET", `/\evil.test/`, 400}, {"GET", "/a/../../b", 400}, {"GET", "/a%00", 400}, {"GET", "/p#f", 400}} {
		c := n.Dial()
		c.Send(fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\n\r\n", tt.method, tt.target, n.Addr))
		if a := c.Receive(tt.method); a.Status != tt.status && a.Status != 421 { // a target that names a host is taken for it
			t.Errorf("%s %s: %d, %s", tt.method, tt.target, a.Status, a.Reason())
		}
	}
	if got := o.asked.Load() - asked; got != 0 {
		t.Errorf("the origin was asked %d times more", got)
	}
	if a := n.Do(n.Request("GET", "/body", apitest.FormType, "a=b")); a.Status != 400 {
		t.Errorf("a request with a body: %d", a.Status)
	}
}
