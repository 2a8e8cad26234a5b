package access

import (
	"strings"
	"testing"
)

func TestHostCheck(t *testing.T) {
	h := newHosts("cache.example.org", []string{"Extra.example", "dotted.example.", "ported.example:7721"})
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
		if got := h.Allow([]byte(host)); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
	if !newHosts("", []string{"*"}).Allow([]byte("any.example")) {
		t.Error("* does not allow any name")
	}
}

func FuzzHost(f *testing.F) {
	for _, s := range []string{"localhost", "a.localhost:1", "[::1]:80", "127.0.0.1", ":", "]", "[", "[]", ".", "evil.example"} {
		f.Add([]byte(s))
	}
	h := newHosts("127.0.0.1", nil)
	f.Fuzz(func(t *testing.T, host []byte) {
		if !h.Allow(host) {
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
