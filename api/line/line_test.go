package line

import (
	"bytes"
	"strings"
	"testing"

	"owlcache/engine"
)

func TestParseTCP(t *testing.T) {
	tests := []struct {
		line  string
		cmd   string
		key   string
		value string // or exptime
		info  bool
	}{
		{"get k", "get", "k", "", false},
		{"get k info", "get", "k", "", true},
		{"get k info more", "get", "k", "", true},
		{"get k other", "get", "k", "", false},
		{"get k  info", "get", "k", "", false}, // the word after the key is empty
		{"get k\r", "get", "k", "", false},
		{"get k info\r", "get", "k", "", true},
		{"get \tk\t", "get", "k", "", false},
		{"get ", "get", "", "", false},
		{"get", "unknown", "", "", false},
		{"get\r", "unknown", "", "", false},
		{" get k", "unknown", "", "", false},
		{"GET k", "unknown", "", "", false},
		{"Get k", "unknown", "", "", false},
		{"gets k", "unknown", "", "", false},
		{"", "unknown", "", "", false},
		{"\r", "unknown", "", "", false},
		{" ", "unknown", "", "", false},
		{"exist k", "exist", "k", "", false},
		{"exist k more", "exist", "k", "", false},
		{"set k v", "set", "k", "v", false},
		{"set k v w", "set", "k", "v w", false},
		{"set k  v  w ", "set", "k", " v  w ", false},
		{"set k v\r", "set", "k", "v", false},
		{"set k v\r\r", "set", "k", "v\r", false},
		{"set k", "set", "k", "", false},
		{"set k ", "set", "k", "", false},
		{"set  v", "set", "", "v", false},
		{"set", "unknown", "", "", false},
		{"SET A b", "unknown", "", "", false},
		{"set k {\"a\": 1}", "set", "k", "{\"a\": 1}", false},
		{"set k a\x00b\xff", "set", "k", "a\x00b\xff", false},
		{"expire k 60", "expire", "k", "60", false},
		{"expire k 60 61", "expire", "k", "60", false},
		{"expire k", "expire", "k", "", false},
		{"expire k -1", "expire", "k", "-1", false},
		{"delete k", "delete", "k", "", false},
		{"ping", "ping", "", "", false},
		{"ping\r", "ping", "", "", false},
		{"ping a b", "ping", "", "a b", false},
		{"pass two words", "pass", "", "two words", false},
		{"pass", "pass", "", "", false},
		{"quit", "unknown", "", "", false},
	}
	for _, tt := range tests {
		q := parse([]byte(tt.line))
		value := string(q.value) + string(q.exptime)
		if q.cmd.String() != tt.cmd || string(q.key) != tt.key || value != tt.value || q.info != tt.info {
			t.Errorf("%q: %s key %q value %q info %v", tt.line, q.cmd.String(), q.key, value, q.info)
		}
	}
}

func TestForeignLines(t *testing.T) {
	for line, want := range map[string]bool{
		"POST / HTTP/1.1\r":      true,
		"POST /x":                true,
		"POST x":                 true,
		"GET / HTTP/1.1\r":       true,
		"GET /data/?cmd=set":     true,
		"GET http://h/ HTTP/1.0": true,
		"Host: localhost\r":      true,
		"host:x":                 true,
		"HOST: x":                true,
		"HEAD / HTTP/1.1":        true,
		"PUT / HTTP/1.1":         true,
		"DELETE /k HTTP/1.1":     true,
		"OPTIONS * HTTP/1.1":     true,
		"CONNECT h:1 HTTP/1.1":   true,
		"PRI * HTTP/2.0\r":       true,
		"GET k":                  false, // a command in the wrong case
		"DELETE k":               false,
		"SET POST x":             false,
		"hosts":                  false,
		"Hos":                    false,
		"POST":                   false,
		"":                       false,
		"\r":                     false,
	} {
		if got := isForeign([]byte(line)); got != want {
			t.Errorf("%q: %v", line, got)
		}
	}
	if !isTLS([]byte{0x16, 0x03, 0x01}) || isTLS([]byte("get")) || isTLS([]byte{0x16}) || isTLS(nil) {
		t.Error("a TLS connection is taken for something else, or something else for one")
	}
}

// TestNoCommandIsForeign: whatever is a command of the line protocol is served.
func TestNoCommandIsForeign(t *testing.T) {
	for cmd := cmdUnknown + 1; cmd < numCmds; cmd++ {
		for _, rest := range []string{" /path HTTP/1.1", " host: x", " k"} {
			if isForeign([]byte(cmd.String() + rest)) {
				t.Errorf("%s%s", cmd, rest)
			}
		}
	}
}

func FuzzParseTCP(f *testing.F) {
	for _, line := range []string{"get k info", "set k v w\r", "expire k 1", "delete k", "ping x", "pass x", "POST / HTTP/1.1", ""} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		line, _, _ = bytes.Cut(line, []byte("\n"))
		q := parse(line)
		if q.cmd >= numCmds {
			t.Fatalf("command %d", q.cmd)
		}
		if bytes.ContainsAny(q.key, " \n") {
			t.Fatalf("key %q", q.key)
		}
		if q.cmd != cmdUnknown && !strings.HasPrefix(string(line), q.cmd.String()) {
			t.Fatalf("%q is taken for %s", line, q.cmd.String())
		}
		if q.cmd != cmdUnknown && isForeign(line) {
			t.Fatalf("the command %q is taken for HTTP", line)
		}
		// What is set can be asked for again under the same key.
		if q.cmd == cmdSet && len(q.key) > 0 && len(q.key) <= engine.MaxKeySize {
			again := parse(append([]byte("get "), q.key...))
			if again.cmd != cmdGet || !bytes.Equal(again.key, q.key) {
				t.Fatalf("set of %q, get of %q", q.key, again.key)
			}
		}
	})
}
