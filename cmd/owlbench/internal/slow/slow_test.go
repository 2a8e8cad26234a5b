package slow

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"owlcache/cmd/owlbench/internal/load"
	"owlcache/cmd/owlbench/internal/node"
	"owlcache/cmd/owlbench/internal/report"
)

// TestSlow lets a few slow clients loose. Of what it measures only what does not depend on
// the time is looked at: that nothing is written, that all are closed, and the memory.
func TestSlow(t *testing.T) {
	if testing.Short() {
		t.Skip("starts several servers")
	}
	f := node.Flags{
		SiteFlags: node.SiteFlags{Dir: t.TempDir()}, Flags: report.Flags{Format: "json"},
		Load: load.Options{Conns: 4, Keys: 500, Seconds: 0.1, Rounds: 1},
	}
	var out, progress bytes.Buffer
	err := f.Run(t.Context(), &report.Printer{Stdout: &out, Stderr: &progress}, func(b *node.Bench) (report.Measured, error) {
		return (&bench{Bench: b, clients: 200, limit: 3 * time.Second}).run(t.Context())
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, &progress)
	}
	var report output
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
	for _, k := range allKinds("the+token") {
		if seen[k.name] || len(k.drip) > 1 || k.tcp && k.https {
			t.Errorf("%+v", k)
		}
		seen[k.name] = true
		if strings.Contains(k.first, "cmd=set") && !strings.Contains(k.first, "token=the%2Btoken&valuedata=") {
			t.Errorf("%s: it may not write: %q", k.name, k.first)
		}
	}
	b := &bench{only: []string{"tls-half", "tcp-line"}}
	for https, want := range map[bool]string{false: "tcp-line", true: "tls-half"} {
		if got := strings.Join(kindNames(b.kinds(https, "")), ", "); got != want {
			t.Errorf("https %v: %s, want %s", https, got, want)
		}
	}
}

func TestSlowReapLimit(t *testing.T) {
	s := &series{bench: &bench{limit: 5 * time.Second}, kinds: []clientKind{{name: "tcp-line"}}}
	if got := s.reapLimit(); got != 5*time.Second+grace {
		t.Errorf("without WebSockets: %v", got)
	}
	s.kinds = allKinds("")
	if got := s.reapLimit(); got != 5*time.Second+grace+pingTime {
		t.Errorf("with WebSockets: %v", got)
	}
}

func TestFitFiles(t *testing.T) {
	limit := node.MaxOpenFiles()
	b := &bench{Bench: &node.Bench{
		Results:   report.Results{Printer: &report.Printer{Stderr: new(bytes.Buffer)}},
		Generator: load.Generator{Options: load.Options{Conns: 1}},
	}, clients: 10}
	if err := b.fitFiles(); err != nil || b.clients != 10 || len(b.Notes) != 0 {
		t.Errorf("10 clients: %d, %q, %v", b.clients, b.Notes, err)
	}
	b.clients = limit
	if err := b.fitFiles(); err != nil || b.clients >= limit || len(b.Notes) != 1 {
		t.Errorf("as many as files: %d, %q, %v", b.clients, b.Notes, err)
	}
}
