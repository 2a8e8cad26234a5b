package admin_test

import (
	"owlcache/api"
	"owlcache/api/internal/apitest"
	"owlcache/api/status"
	"strings"
	"testing"
	"time"
)

// fakeSync is a data sync that says what a test wants.
type fakeSync struct{ status status.Sync }

func (f *fakeSync) Status() status.Sync { return f.status }
func (f *fakeSync) Synced() bool        { return f.status.Synced }

// startSynced starts a server with data sync.
func startSynced(t *testing.T, change func(*api.Options), status status.Sync) (*apitest.Node, *fakeSync) {
	t.Helper()
	n := apitest.StartLoading(t, change)
	sync := &fakeSync{status}
	n.SetSync(sync)
	n.Ready(n.Store)
	return n, sync
}

func someStatus() status.Sync {
	at := status.At(time.Date(2026, 11, 22, 17, 0, 0, 0, time.FixedZone("", 3600)))
	return status.Sync{
		Node: "00000000000000aa", Address: "10.0.0.1:7946", Synced: true, LastMatch: at, InboxBytes: 7,
		Peers: []status.Peer{
			{
				Node: "00000000000000bb", Address: "10.0.0.2:7946", State: "alive", Since: at, LastMatch: at, Skew: status.Millis(-1500 * time.Microsecond),
				TCPOnly: true, QueueBytes: 3, Pushed: 4, Dropped: 5, Sent: 6,
			},
			{Address: "10.0.0.3:7946", State: "gone", Since: at, LastError: "refused"},
		},
		Counters: status.Counters{
			Received: 1, Merged: 2, Healed: 3, Stale: 4, Skewed: 5, Invalid: 6, Overflow: 7, Forgotten: 8,
			Rounds: 9, Aborted: 10, Matches: 11, Differs: 12, BadFrames: 13, BadMessages: 14, Refused: 15,
		},
	}
}

func TestAdminCluster(t *testing.T) {
	off := apitest.Start(t, nil)
	if a := off.WithToken("/admin/cluster"); a.Status != 200 || a.Body != "{\"data_sync\":false}\n" {
		t.Errorf("off: %d %s", a.Status, a.Body)
	}
	n, _ := startSynced(t, nil, someStatus())
	const want = `{"data_sync":true,"node":"00000000000000aa","address":"10.0.0.1:7946","synced":true,"last_match":"2026-11-22T16:00:00Z","removed":false,"inbox_bytes":7,` +
		`"peers":[{"node":"00000000000000bb","address":"10.0.0.2:7946","state":"alive","since":"2026-11-22T16:00:00Z","last_match":"2026-11-22T16:00:00Z","skew_ms":-1,"tcp_only":true,` +
		`"queue_bytes":3,"pushed":4,"dropped":5,"sent":6},` +
		`{"node":"","address":"10.0.0.3:7946","state":"gone","since":"2026-11-22T16:00:00Z","last_match":null,"skew_ms":0,"tcp_only":false,"queue_bytes":0,"pushed":0,"dropped":0,"sent":0,"last_error":"refused"}],` +
		`"counters":{"received":1,"merged":2,"healed":3,"stale":4,"skewed":5,"invalid":6,"overflow":7,"forgotten":8,"rounds":9,"aborted":10,"matches":11,"differs":12,"bad_frames":13,"bad_messages":14,"refused":15}}` + "\n"
	a := n.WithToken("/admin/cluster")
	if a.Status != 200 || a.Body != want || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %s, want %s", a.Status, a.Body, want)
	}
}

func TestReadySync(t *testing.T) {
	n, sync := startSynced(t, nil, status.Sync{})
	off := apitest.Start(t, nil)
	for _, tt := range []struct {
		n      *apitest.Node
		query  string
		synced bool
		status int
		body   string
	}{
		{n, "", false, 200, "ok\n"},
		{n, "?sync=0", false, 200, "ok\n"},
		{n, "?sync=1", false, 503, "not in sync: no other node has held the same data since the start\n"},
		{n, "?sync=1", true, 200, "ok\n"},
		{n, "?sync=yes", true, 400, "sync: want 0 or 1\n"},
		{off, "?sync=1", false, 200, "ok\n"},
	} {
		sync.status.Synced = tt.synced
		if a := tt.n.Get("/readyz" + tt.query); a.Status != tt.status || a.Body != tt.body {
			t.Errorf("%q, synced %v: %d %q, want %d %q", tt.query, tt.synced, a.Status, a.Body, tt.status, tt.body)
		}
	}
}

func TestSyncMetrics(t *testing.T) {
	if a := apitest.Start(t, nil).Get("/metrics"); strings.Contains(a.Body, "owlcache_sync_") {
		t.Error("figures of data sync without it")
	}
	n, _ := startSynced(t, nil, someStatus())
	n.Node.Now = func() time.Time { return time.Date(2026, 11, 22, 16, 0, 30, 0, time.UTC) }
	body := n.Get("/metrics").Body
	for _, want := range []string{
		`owlcache_sync_members{state="alive"} 1`, `owlcache_sync_members{state="suspect"} 0`, `owlcache_sync_members{state="gone"} 1`, `owlcache_sync_members{state="left"} 0`,
		`owlcache_sync_synced 1`, `owlcache_sync_removed 0`, `owlcache_sync_inbox_bytes 7`,
		`owlcache_sync_received_total 1`, `owlcache_sync_merged_total 2`, `owlcache_sync_healed_total 3`, `owlcache_sync_stale_total 4`,
		`owlcache_sync_refused_total{reason="skew"} 5`, `owlcache_sync_refused_total{reason="invalid"} 6`, `owlcache_sync_overflow_total 7`, `owlcache_sync_forgotten_total 8`,
		`owlcache_sync_rounds_total 9`, `owlcache_sync_rounds_aborted_total 10`, `owlcache_sync_comparisons_total{result="match"} 11`, `owlcache_sync_comparisons_total{result="differ"} 12`,
		`owlcache_sync_bad_frames_total 13`, `owlcache_sync_bad_messages_total 14`, `owlcache_sync_refused_connections_total 15`,
		`owlcache_sync_peer_queue_bytes{peer="00000000000000bb"} 3`, `owlcache_sync_peer_clock_skew_seconds{peer="00000000000000bb"} -0.0015`, `owlcache_sync_peer_tcp_only{peer="00000000000000bb"} 1`,
		`owlcache_sync_peer_pushed_total{peer="00000000000000bb"} 4`, `owlcache_sync_peer_dropped_total{peer="00000000000000bb"} 5`, `owlcache_sync_peer_sent_total{peer="00000000000000bb"} 6`,
		`owlcache_sync_peer_match_age_seconds{peer="00000000000000bb"} 30`,
	} {
		if !strings.Contains(body, "\n"+want+"\n") {
			t.Errorf("%s is missing", want)
		}
	}
	if strings.Contains(body, `peer=""`) {
		t.Error("a seed that has never answered has series")
	}
}
