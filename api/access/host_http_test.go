package access_test

import (
	"owlcache/api"
	"owlcache/api/internal/apitest"
	"strings"
	"testing"
)

func TestForeignHostIsRefused(t *testing.T) {
	n := apitest.Start(t, func(o *api.Options) { o.AllowedHosts = []string{"node.example"} })
	for _, path := range []string{"/", "/data/?cmd=get&key=k", "/livez", "/metrics", "/nothing"} {
		req := n.Request("GET", path, "", "")
		req.Host = "evil.example"
		a := n.Do(req)
		if a.Status != 421 || !strings.Contains(a.Body, "Allowed_Hosts") || a.Header.Get("Server") != "owlcache 0.6.0" {
			t.Errorf("%s: status %d, %q", path, a.Status, a.Body)
		}
	}
	req := n.Request("GET", "/livez", "", "")
	req.Host = "NODE.example:1234"
	if a := n.Do(req); a.Status != 200 {
		t.Errorf("allowed name: status %d", a.Status)
	}
	absolute := n.Dial()
	absolute.Send("GET http://evil.example/livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if a := absolute.Receive("GET"); a.Status != 421 {
		t.Errorf("absolute URI: status %d", a.Status)
	}
	for _, host := range []string{"evil@localhost", "localhost@evil.example", "a:b@127.0.0.1:7721", "@localhost", "..."} {
		c := n.Dial()
		c.Send("GET /livez HTTP/1.1\r\nHost: " + host + "\r\n\r\n")
		if a := c.Receive("GET"); a.Status != 421 {
			t.Errorf("%s: status %d", host, a.Status)
		}
	}
	old := n.Dial()
	old.Send("GET /livez HTTP/1.0\r\n\r\n")
	if a := old.Receive("GET"); a.Status != 200 {
		t.Errorf("no Host: status %d", a.Status)
	}
}
