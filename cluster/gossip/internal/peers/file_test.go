package peers

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"owlcache/cluster/gossip/internal/wire"
)

// elapse lets virtual time pass, in the bubble of a test, and all that is due in it happen.
func elapse(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// openPeers opens a file of peers and closes it with the test.
func openPeers(t *testing.T, path string) *File {
	t.Helper()
	f, err := Open(path, 99, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

// savedVersion returns what the file has seen of a node.
func savedVersion(t *testing.T, path string, id uint64) uint64 {
	t.Helper()
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	d, err := parse(b)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range d.versions.seen {
		if s.Node == id {
			return s.Last
		}
	}
	return 0
}

func TestPeersSurviveARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "peers.json")
	f := openPeers(t, path)
	f.Seen(1, "10.0.0.1:7")
	f.Seen(2, "10.0.0.2:7")
	f.Seen(2, "10.0.0.9:7") // moved
	f.Seen(3, "10.0.0.3:7")
	f.Forget(3, "10.0.0.3:7")
	f.SetOwn("10.0.0.4:7")
	f.Seen(4, "10.0.0.4:7") // where this node is now
	if err := f.SetRemoved(&Removal{Time: time.Unix(1_700_000_000, 0).UTC(), By: wire.Name(1), Seeds: "x"}); err != nil {
		t.Fatal(err)
	}
	f.Close()
	g := openPeers(t, path)
	got := map[uint64]string{}
	for _, p := range g.List() {
		got[p.ID] = p.Address
	}
	if len(got) != 2 || got[1] != "10.0.0.1:7" || got[2] != "10.0.0.9:7" {
		t.Fatalf("peers %v", got)
	}
	if !g.IsForgotten("10.0.0.3:7") || g.Removal() == nil || g.Removal().By != wire.Name(1) {
		t.Fatal("forgotten or removed is gone")
	}
	g.Seen(3, "10.0.0.3:7") // told late
	if !g.IsForgotten("10.0.0.3:7") || len(g.List()) != 2 {
		t.Fatal("a member that was forgotten is kept")
	}
	g.Back(3, "10.0.0.33:7")
	g.Seen(3, "10.0.0.33:7")
	if g.IsForgotten("10.0.0.3:7") || len(g.List()) != 3 {
		t.Fatal("a member that has come back is still forgotten")
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
}

func TestACopiedFileHasOnlyAddresses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "peers.json")
	content, err := format(document{
		Node: wire.Name(7), Peers: []Peer{{Address: "10.0.0.1:7", ID: 1}}, versions: versions{lsn: 7, seen: []wire.NodeSpan{{Node: 1, Span: wire.Span{After: 0, Last: 100}}}},
		Removed: &Removal{By: wire.Name(1)}, Forgotten: []forgotten{{Address: "10.0.0.3:7"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	f := openPeers(t, path) // of node 99
	if len(f.List()) != 1 || f.settled.seen != nil || f.Removal() != nil || f.IsForgotten("10.0.0.3:7") {
		t.Fatal("more than the addresses was taken")
	}
}

func TestVersionsAreWrittenLate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "peers.json")
	synctest.Test(t, func(t *testing.T) {
		f := openPeers(t, path)
		var now atomic.Uint64
		now.Store(100)
		f.KeepVersions(func() ([]wire.NodeSpan, uint64) {
			return []wire.NodeSpan{{Node: 1, Span: wire.Span{After: 0, Last: now.Load()}}}, 9
		})
		elapse(versionsEvery + time.Millisecond)
		now.Store(200)
		f.Seen(2, "10.0.0.2:7") // written soon, but without what is too new
		elapse(settleAfter)
		if got := savedVersion(t, path, 1); got != 0 {
			t.Fatalf("%d was written too early", got)
		}
		elapse(versionsEvery)
		if got := savedVersion(t, path, 1); got != 100 {
			t.Fatalf("%d in the file", got)
		}
		elapse(settleAfter)
		f.Close() // writes the sample that has settled
		if got := savedVersion(t, path, 1); got != 200 {
			t.Fatalf("%d in the file", got)
		}
		g := openPeers(t, path)
		if got, err := g.Versions(9); err != nil || len(got) != 1 || got[0].Last != 200 {
			t.Fatal("it was not read", err)
		}
		// Data that is older is not believed, now or later.
		if got, err := g.Versions(8); err != nil || got != nil {
			t.Fatal("it is believed", err)
		}
		if got, err := openPeers(t, path).Versions(9); err != nil || got != nil {
			t.Fatal("it is believed later", err)
		}
	})
}

func TestAFailedWritingIsTriedAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "peers.json")
	synctest.Test(t, func(t *testing.T) {
		f := openPeers(t, path)
		var full atomic.Bool
		full.Store(true)
		f.mu.Lock()
		f.write = func(b []byte) error {
			if full.Load() {
				return errors.New("no space")
			}
			return f.replace(b)
		}
		f.mu.Unlock()
		f.Seen(1, "10.0.0.1:7")
		elapse(3 * failedPause)
		full.Store(false)
		elapse(2 * failedPause)
		if _, err := os.Stat(path); err != nil {
			t.Fatal(err)
		}
	})
}

func TestADamagedFileIsKeptAside(t *testing.T) {
	for name, content := range map[string]string{
		"empty":     "",
		"no JSON":   "{",
		"an array":  "[]",
		"no peers":  "{}",
		"no node":   `{"peers":[{"address":"10.0.0.1:7"}]}`,
		"a name":    `{"peers":[{"address":"x:7","node":"0000000000000001"}]}`,
		"a version": `{"peers":[],"versions":{"lsn":"1","seen":{"0000000000000001":["1-x"]}}}`,
		"a node":    `{"peers":[],"versions":{"lsn":"1","seen":{"x":["1-2"]}}}`,
		"twice":     `{"peers":[{"address":"10.0.0.1:7","node":"0000000000000001"},{"address":"10.0.0.2:7","node":"0000000000000001"}]}`,
		"forgotten": `{"peers":[],"forgotten":[{"address":"x"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "peers.json")
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			var logs strings.Builder
			f, err := Open(path, 1, slog.New(slog.NewTextHandler(&logs, nil)))
			if err != nil {
				t.Fatal(err)
			}
			f.Close()
			if got := strings.Count(logs.String(), "is damaged"); got != 1 {
				t.Fatalf("%d warnings", got)
			}
			if b, err := os.ReadFile(path + brokenSuffix); err != nil || string(b) != content {
				t.Fatalf("kept: %q, %v", b, err)
			}
		})
	}
}

func TestPeersAreBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "peers.json")
	synctest.Test(t, func(t *testing.T) {
		f := openPeers(t, path)
		f.mu.Lock()
		f.write = func([]byte) error { return nil }
		f.mu.Unlock()
		f.Seen(1, "10.0.0.1:7")
		f.Gone(1)
		elapse(expireAfter + time.Hour)
		if err := f.save(); err != nil || len(f.List()) != 1 {
			t.Fatal("one was dropped although nobody was seen since", err)
		}
		f.Seen(2, "10.0.0.2:7")
		if err := f.save(); err != nil || len(f.List()) != 1 {
			t.Fatal("one that was not seen for long is still there", err)
		}
		for id := range uint64(wire.MaxNodes + 10) {
			f.Seen(id+2, "10.0.0.2:7")
			f.Gone(id + 2)
			elapse(time.Millisecond) // seldom enough for the file not to be written each time
		}
		if err := f.save(); err != nil {
			t.Fatal(err)
		}
		if got := len(f.List()); got != wire.MaxNodes {
			t.Fatalf("%d peers", got)
		}
		for _, p := range f.List() {
			if p.ID < 12 {
				t.Fatalf("node %d, one of the oldest, is still there", p.ID)
			}
		}
	})
}

func TestPeersFileFormat(t *testing.T) {
	at := time.Date(2026, 11, 22, 10, 50, 17, 5, time.UTC)
	b, err := format(document{
		Node:      wire.Name(9),
		Peers:     []Peer{{Address: "10.0.0.6:7946", Seen: at, ID: 1}, {Address: "10.0.0.5:7946", Seen: at, ID: 0x8c0b6e1f2a3d4c5b}},
		versions:  versions{lsn: 3, seen: []wire.NodeSpan{{Node: 0x8c0b6e1f2a3d4c5b, Span: wire.Span{After: 5, Last: 1<<64 - 1}}}},
		Forgotten: []forgotten{{Address: "10.0.0.7:7946", Time: at.Truncate(time.Second)}},
	})
	want := `{
	"node": "0000000000000009",
	"peers": [
		{
			"address": "10.0.0.5:7946",
			"node": "8c0b6e1f2a3d4c5b",
			"seen": "2026-11-22T10:50:17Z"
		},
		{
			"address": "10.0.0.6:7946",
			"node": "0000000000000001",
			"seen": "2026-11-22T10:50:17Z"
		}
	],
	"versions": {
		"lsn": "3",
		"seen": {
			"8c0b6e1f2a3d4c5b": [
				"5-18446744073709551615"
			]
		}
	},
	"forgotten": [
		{
			"address": "10.0.0.7:7946",
			"time": "2026-11-22T10:50:17Z"
		}
	]
}
`
	if err != nil || string(b) != want {
		t.Fatalf("%v\n%s", err, b)
	}
	d, err := parse(b)
	if err != nil || len(d.Peers) != 2 || d.versions.seen[0] != (wire.NodeSpan{Node: 0x8c0b6e1f2a3d4c5b, Span: wire.Span{After: 5, Last: 1<<64 - 1}}) || d.Peers[1].ID != 1 {
		t.Fatalf("%+v, %v", d, err)
	}
}

func FuzzPeersFile(f *testing.F) {
	f.Add([]byte(`{"peers":[{"address":"10.0.0.5:7946","node":"8c0b6e1f2a3d4c5b","seen":"2026-11-22T10:50:17Z"}],"versions":{"lsn":"1","seen":{"8c0b6e1f2a3d4c5b":["7-9"]}},"removed":{"time":"2026-11-22T10:50:17Z"}}`))
	f.Add([]byte(`{"peers":[],"forgotten":[{"address":"[::1]:7","time":"2026-11-22T10:50:17Z"}]}`))
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := parse(b)
		if err != nil {
			return
		}
		first, err := format(d)
		if err != nil {
			t.Skip(err) // a year that JSON has no form for
		}
		if d, err = parse(first); err != nil {
			t.Fatalf("%v\n%s", err, first)
		}
		if second, err := format(d); err != nil || string(second) != string(first) {
			t.Fatalf("%v\n%s\n%s", err, first, second)
		}
	})
}
