package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// TestSlow lets a few slow clients loose. Of what it measures only what does not depend on
// the time is looked at: that nothing is written, that all are closed, and the memory.
func TestSlow(t *testing.T) {
	if testing.Short() {
		t.Skip("starts several servers")
	}
	f := slowFlags{
		siteFlags: siteFlags{dir: t.TempDir()}, reportFlags: reportFlags{format: "json"},
		load: loadOptions{Conns: 4, Keys: 500, Seconds: 0.1, Rounds: 1}, clients: 200, limit: 3 * time.Second,
	}
	var out, progress bytes.Buffer
	if err := runSlow(t.Context(), &printer{stdout: &out, stderr: &progress}, f); err != nil {
		t.Fatalf("%v\n%s", err, &progress)
	}
	var report slowReport
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Rows) != 12 || report.Clients != 200 {
		t.Fatalf("report %+v", report)
	}
	for _, row := range report.Rows {
		if !(row.Owlcache > 0) || len(row.OwlcacheRound) != 1 {
			t.Errorf("row %+v", row)
		}
		if row.Unit == "MB" && !row.OK {
			t.Errorf("too much memory: %+v", row)
		}
	}
}

func TestSlowKinds(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range slowKinds("the+token") {
		if seen[k.name] || len(k.drip) > 1 || k.tcp && k.https {
			t.Errorf("%+v", k)
		}
		seen[k.name] = true
		if strings.Contains(k.first, "cmd=set") && !strings.Contains(k.first, "token=the%2Btoken&valuedata=") {
			t.Errorf("%s: it may not write: %q", k.name, k.first)
		}
	}
	f := slowFlags{only: []string{"tls-half", "tcp-line"}}
	for https, want := range map[bool]string{false: "tcp-line", true: "tls-half"} {
		if got := kindNames(f.kinds(https, "")); got != want {
			t.Errorf("https %v: %s, want %s", https, got, want)
		}
	}
}

func TestSlowReapLimit(t *testing.T) {
	b := &slowBench{flags: slowFlags{limit: 5 * time.Second}}
	s := &slowSeries{slowBench: b, kinds: []slowKind{{name: "tcp-line"}}}
	if got := s.reapLimit(); got != 5*time.Second+slowGrace {
		t.Errorf("without WebSockets: %v", got)
	}
	s.kinds = slowKinds("")
	if got := s.reapLimit(); got != 5*time.Second+slowGrace+slowPing {
		t.Errorf("with WebSockets: %v", got)
	}
}

func TestFitFiles(t *testing.T) {
	limit, known := maxOpenFiles()
	if !known {
		t.Skip("the limit of open files is not known here")
	}
	b := &slowBench{results: results{printer: &printer{stderr: new(bytes.Buffer)}}, flags: slowFlags{clients: 10, load: loadOptions{Conns: 1}}}
	if err := b.fitFiles(); err != nil || b.flags.clients != 10 || len(b.Notes) != 0 {
		t.Errorf("10 clients: %d, %q, %v", b.flags.clients, b.Notes, err)
	}
	b.flags.clients = limit
	if err := b.fitFiles(); err != nil || b.flags.clients >= limit || len(b.Notes) != 1 {
		t.Errorf("as many as files: %d, %q, %v", b.flags.clients, b.Notes, err)
	}
}
