package api

import (
	"strings"
	"testing"
)

// TestTCPImports: a get of what the store does not hold is looked for elsewhere, after what
// was asked before it has been answered.
func TestTCPImports(t *testing.T) {
	large := strings.Repeat("v", 100_000)
	f := newFakeImporter(map[string]string{"hello": "world", "empty": "", "large": large, "slow": "tide"})
	n := startImporting(t, f, nil)
	l := dialLines(t, n.serveTCP())
	if got := l.ask("get hello"); got != "world" {
		t.Errorf("%q", got)
	}
	for line, want := range map[string]string{
		"get empty info": `"Status":200,"Results":"SUCCESS","Key":"empty","Data":""`,
		"get hello info": `"Data":"d29ybGQ=","ResponseHost":"127.0.0.1:7720","KeyCreateTime":"2023-11-14T22:13:20.123456789Z"`,
		"get no info":    `"Status":404`,
		"exist hello":    `"Status":404`, // the importer of this test stores nothing
	} {
		if got := l.ask(line); !strings.Contains(got, want) {
			t.Errorf("%s: %s", line, got)
		}
	}
	if got := l.ask("get large"); got != large {
		t.Errorf("%d bytes", len(got))
	}
	l.send("set k v\nget k\nget slow\nget k\n")
	if got := lineStatus(t, l.line()); got != 200 {
		t.Errorf("set: %d", got)
	}
	if got := l.line(); got != "v" { // although the importer still looks
		t.Errorf("%q", got)
	}
	close(f.release)
	if got := l.line() + l.line(); got != "tidev" {
		t.Errorf("%q", got)
	}
	eventually(t, "memory is given back", func() bool { return n.answers.take(n.answers.size) })
}
