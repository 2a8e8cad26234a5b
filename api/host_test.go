package api

import (
	"strings"
	"testing"
)

func TestHostCheck(t *testing.T) {
	h := newHostCheck("cache.example.org", []string{"Extra.example", "dotted.example.", "ported.example:7721"})
	for host, want := range map[string]bool{
		"":                        true,
		"127.0.0.1":               true,
		"127.0.0.1:7721":          true,
		"10.0.0.1:80":             true,
		"[::1]":                   true,
		"[::1]:7721":              true,
		"localhost":               true,
		"localhost:7721":          true,
		"localhost.":              true,
		"app.localhost:7721":      true,
		"cache.example.org:7721":  true,
		"extra.example":           true,
		"dotted.example":          true,
		"ported.example:1":        true,
		"evil.example":            false,
		".":                       false,
		"...":                     false,
		"...:7721":                false,
		".127.0.0.1":              false,
		"127..0.1":                false,
		"127.0.0.1.":              false,
		"evil.example:7721":       false,
		"127.0.0.1.evil.example":  false,
		"127.0.0.1:7721.evil.com": true, // no such name can exist: the port is cut off
		"[::1].evil.example":      false,
		"[evil.example]":          false,
		"notlocalhost":            false,
		"localhost.evil.example":  false,
		"extra.example.evil.org":  false,
		"0x7f000001":              false,
		"xn--lcalhost-54a":        false,
	} {
		if got := h.allows([]byte(host)); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
	if !newHostCheck("", []string{"*"}).allows([]byte("any.example")) {
		t.Error("* does not allow any name")
	}
}

func TestForeignHostIsRefused(t *testing.T) {
	n := start(t, func(o *Options) { o.AllowedHosts = []string{"node.example"} })
	for _, path := range []string{"/", "/data/?cmd=get&key=k", "/livez", "/metrics", "/nothing"} {
		req := n.request("GET", path, "", "")
		req.Host = "evil.example"
		a := n.do(req)
		if a.status != 421 || !strings.Contains(a.body, "Allowed_Hosts") || a.header.Get("Server") != "owlcache 0.6.0" {
			t.Errorf("%s: status %d, %q", path, a.status, a.body)
		}
	}
	req := n.request("GET", "/livez", "", "")
	req.Host = "NODE.example:1234"
	if a := n.do(req); a.status != 200 {
		t.Errorf("allowed name: status %d", a.status)
	}
	absolute := n.dial()
	absolute.send("GET http://evil.example/livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if a := absolute.receive("GET"); a.status != 421 {
		t.Errorf("absolute URI: status %d", a.status)
	}
	for _, host := range []string{"evil@localhost", "localhost@evil.example", "a:b@127.0.0.1:7721", "@localhost", "..."} {
		c := n.dial()
		c.send("GET /livez HTTP/1.1\r\nHost: " + host + "\r\n\r\n")
		if a := c.receive("GET"); a.status != 421 {
			t.Errorf("%s: status %d", host, a.status)
		}
	}
	old := n.dial()
	old.send("GET /livez HTTP/1.0\r\n\r\n")
	if a := old.receive("GET"); a.status != 200 {
		t.Errorf("no Host: status %d", a.status)
	}
}

func FuzzHost(f *testing.F) {
	for _, s := range []string{"localhost", "a.localhost:1", "[::1]:80", "127.0.0.1", ":", "]", "[", "[]", ".", "evil.example"} {
		f.Add([]byte(s))
	}
	h := newHostCheck("127.0.0.1", nil)
	f.Fuzz(func(t *testing.T, host []byte) {
		if !h.allows(host) {
			return
		}
		// What is allowed is no name under a domain that somebody can register.
		name := strings.TrimSuffix(string(withoutPort(host)), ".")
		switch {
		case name == "", name == "localhost", strings.HasSuffix(name, ".localhost"):
		case isIPv4([]byte(name)), isIPv6Literal([]byte(name)):
		default:
			t.Fatalf("%q is allowed", host)
		}
	})
}
