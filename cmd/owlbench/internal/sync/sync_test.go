package sync

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

// TestSync measures with little data. Of what it measures only what does not depend on
// the time is looked at.
func TestSync(t *testing.T) {
	if testing.Short() {
		t.Skip("starts many servers")
	}
	f := node.Flags{
		SiteFlags: node.SiteFlags{Dir: t.TempDir()}, Flags: report.Flags{Format: "json"},
		Load: load.Options{Conns: 4, Keys: 500, Seconds: 0.2, Rounds: 1},
	}
	var out, progress bytes.Buffer
	err := f.Run(t.Context(), &report.Printer{Stdout: &out, Stderr: &progress}, func(b *node.Bench) (report.Measured, error) {
		return (&bench{b, 2000, 1}).run(t.Context(), nil)
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, &progress)
	}
	var report output
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Rows) != 7 || len(report.Notes) < 4 {
		t.Fatalf("report %+v", report)
	}
	for _, row := range report.Rows {
		if !(row.Owlcache > 0) && row.Unit != "MB" || len(row.OwlcacheRound) != 1 {
			t.Errorf("row %+v", row)
		}
		if strings.HasPrefix(row.What, "queue") && !row.OK {
			t.Errorf("the queue was longer than it may be: %+v", row)
		}
	}
}

func TestSampleBoard(t *testing.T) {
	node := &member{Node: &node.Node{Process: &node.Process{Name: "node-2"}}}
	b := newSampleBoard([]*member{node, node})
	b.add(1)
	b.add(2)
	b.seen(0, 1, time.Now())
	b.seen(0, 2, time.Now())
	if h := b.latencies(); h.Total != 0 {
		t.Errorf("%d samples are readable on both after one node has answered", h.Total)
	}
	if keys, over, err := b.next(0); len(keys) != 0 || over || err != nil {
		t.Errorf("before the end the first node is asked for %v, over %v, error %v", keys, over, err)
	}
	b.end()
	if _, over, err := b.next(0); !over || err != nil {
		t.Errorf("the first node has answered all: over %v, error %v", over, err)
	}
	b.seen(1, 1, time.Now().Add(time.Second))
	if keys, over, err := b.next(1); len(keys) != 1 || keys[0] != 2 || over || err != nil {
		t.Errorf("the second node is asked for %v, over %v, error %v", keys, over, err)
	}
	if h := b.latencies(); h.Total != 1 || h.Max < time.Second {
		t.Errorf("%d samples, at most %v", h.Total, h.Max)
	}
	b.ended = time.Now().Add(-2 * sampleLimit)
	if _, _, err := b.next(1); err == nil || !strings.Contains(err.Error(), "1 writes have not reached node-2") {
		t.Errorf("a write is missing and the error is %v", err)
	}
}

func TestSyncFigures(t *testing.T) {
	f := newFigures(map[string]float64{
		`owlcache_sync_peer_queue_bytes{peer="a"}`: 3, `owlcache_sync_peer_queue_bytes{peer="b"}`: 5,
		`owlcache_sync_peer_dropped_total{peer="a"}`: 1, `owlcache_sync_peer_dropped_total{peer="b"}`: 1,
		`process_resident_memory_bytes`: 9, `owlcache_sync_merged_total`: 7, `owlcache_sync_received_total`: 8,
	})
	if want := (figures{queue: 5, memory: 9, merged: 7, received: 8, dropped: 2}); f != want {
		t.Errorf("%+v, want %+v", f, want)
	}
	f.grow(figures{queue: 1, memory: 10})
	if f.queue != 5 || f.memory != 10 {
		t.Errorf("%+v", f)
	}
}
