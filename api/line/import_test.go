package line_test

import (
	"owlcache/api/internal/apitest"
	"strings"
	"testing"
)

// TestTCPImports: a get of what the store does not hold is looked for elsewhere, after what
// was asked before it has been answered.
func TestTCPImports(t *testing.T) {
	large := strings.Repeat("v", 100_000)
	f := apitest.NewImporter(map[string]string{"hello": "world", "empty": "", "large": large, "slow": "tide"})
	n := apitest.StartImporting(t, f, nil)
	l := apitest.DialLines(t, n.ServeLines())
	if got := l.Ask("get hello"); got != "world" {
		t.Errorf("%q", got)
	}
	for line, want := range map[string]string{
		"get empty info": `"Status":200,"Results":"SUCCESS","Key":"empty","Data":""`,
		"get hello info": `"Data":"d29ybGQ=","ResponseHost":"127.0.0.1:7720","KeyCreateTime":"2023-11-14T22:13:20.123456789Z"`,
		"get no info":    `"Status":404`,
		"exist hello":    `"Status":404`, // the importer of this test stores nothing
	} {
		if got := l.Ask(line); !strings.Contains(got, want) {
			t.Errorf("%s: %s", line, got)
		}
	}
	if got := l.Ask("get large"); got != large {
		t.Errorf("%d bytes", len(got))
	}
	l.Send("set k v\nget k\nget slow\nget k\n")
	if got := apitest.LineStatus(t, l.Line()); got != 200 {
		t.Errorf("set: %d", got)
	}
	if got := l.Line(); got != "v" { // although the importer still looks
		t.Errorf("%q", got)
	}
	close(f.Release)
	if got := l.Line() + l.Line(); got != "tidev" {
		t.Errorf("%q", got)
	}
	apitest.Eventually(t, "memory is given back", func() bool { return n.Node.Answers.Take(n.Node.Answers.Size) })
}
