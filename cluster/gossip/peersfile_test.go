package gossip

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// openPeers opens a file of peers and closes it with the test.
func openPeers(t *testing.T, path string) *peersFile {
	t.Helper()
	f, err := openPeersFile(path, 99, discard())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.close)
	return f
}

// markOf returns the mark of a peer in the file.
func markOf(t *testing.T, path string, id uint64) uint64 {
	t.Helper()
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	d, err := parsePeers(b)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range d.Peers {
		if p.id == id {
			return p.mark
		}
	}
	return 0
}

func TestPeersSurviveARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "peers.json")
	f := openPeers(t, path)
	f.seen(1, "10.0.0.1:7")
	f.seen(2, "10.0.0.2:7")
	f.seen(2, "10.0.0.9:7") // moved
	f.seen(3, "10.0.0.3:7")
	f.forget(3, "10.0.0.3:7")
	f.setOwn("10.0.0.4:7")
	f.seen(4, "10.0.0.4:7") // where this node is now
	if err := f.setRemoved(&removal{Time: time.Unix(1_700_000_000, 0).UTC(), By: idString(1), Seeds: "x"}); err != nil {
		t.Fatal(err)
	}
	f.close()
	g := openPeers(t, path)
	got := map[uint64]string{}
	for _, p := range g.list() {
		got[p.id] = p.Address
	}
	if len(got) != 2 || got[1] != "10.0.0.1:7" || got[2] != "10.0.0.9:7" {
		t.Fatalf("peers %v", got)
	}
	if !g.isForgotten("10.0.0.3:7") || g.removal() == nil || g.removal().By != idString(1) {
		t.Fatal("forgotten or removed is gone")
	}
	g.seen(3, "10.0.0.3:7") // told late
	if !g.isForgotten("10.0.0.3:7") || len(g.list()) != 2 {
		t.Fatal("a member that was forgotten is kept")
	}
	g.back(3, "10.0.0.33:7")
	g.seen(3, "10.0.0.33:7")
	if g.isForgotten("10.0.0.3:7") || len(g.list()) != 3 {
		t.Fatal("a member that has come back is still forgotten")
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
}

func TestACopiedFileHasOnlyAddresses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "peers.json")
	content, err := formatPeers(peersDocument{
		Node: idString(7), Peers: []peerEntry{{Address: "10.0.0.1:7", id: 1, mark: 100}},
		Removed: &removal{By: idString(1)}, Forgotten: []forgotten{{Address: "10.0.0.3:7"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	f := openPeers(t, path) // of node 99
	if len(f.list()) != 1 || f.mark(1) != 0 || f.removal() != nil || f.isForgotten("10.0.0.3:7") {
		t.Fatal("more than the addresses was taken")
	}
}

func TestMarksAreWrittenLate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "peers.json")
	synctest.Test(t, func(t *testing.T) {
		f := openPeers(t, path)
		f.seen(1, "10.0.0.1:7")
		time.Sleep(time.Second)
		f.setMark(9, 100) // not known
		f.setMark(1, 100)
		if f.mark(1) != 100 || f.mark(9) != 0 || f.best() != 100 {
			t.Fatal("marks of now")
		}
		time.Sleep(settle - time.Millisecond)
		f.seen(2, "10.0.0.2:7") // written soon, but without the mark
		f.setMark(1, 200)
		synctest.Wait()
		if got := markOf(t, path, 1); got != 0 {
			t.Fatalf("mark %d was written too early", got)
		}
		time.Sleep(settle)
		synctest.Wait()
		if got := markOf(t, path, 1); got != 100 {
			t.Fatalf("mark %d in the file", got)
		}
		time.Sleep(3 * settle)
		synctest.Wait()
		if got := markOf(t, path, 1); got != 200 {
			t.Fatalf("mark %d in the file", got)
		}
	})
}

func TestMarksThatAreSetAllTheTimeAreWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "peers.json")
	synctest.Test(t, func(t *testing.T) {
		f := openPeers(t, path)
		writes := 0
		f.mu.Lock()
		f.write = func(b []byte) error { writes++; return f.replace(b) }
		f.mu.Unlock()
		f.seen(1, "10.0.0.1:7")
		for i := range 200 {
			f.setMark(1, uint64(i+1))
			time.Sleep(100 * time.Millisecond)
		}
		synctest.Wait()
		got := markOf(t, path, 1)
		if got < 200-10*2*uint64(settle/time.Second)-5 || got > 200-10*uint64(settle/time.Second)+1 {
			t.Fatalf("mark %d in the file after 20 s", got)
		}
		if writes > 12 {
			t.Fatalf("%d writings in 20 s", writes)
		}
	})
}

func TestLoweredMarksAreDurableAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "peers.json")
	synctest.Test(t, func(t *testing.T) {
		f := openPeers(t, path)
		for id, mark := range []uint64{100, 200, 300} {
			f.seen(uint64(id+1), "10.0.0.1:7")
			f.setMark(uint64(id+1), mark)
		}
		time.Sleep(3 * settle)
		synctest.Wait()
		writes := 0
		f.mu.Lock()
		f.write = func(b []byte) error { writes++; return f.replace(b) }
		f.mu.Unlock()
		for _, step := range []struct {
			t, except uint64
			writes    int
			want      [3]uint64
		}{
			{300, 0, 0, [3]uint64{100, 200, 300}},
			{200, 3, 0, [3]uint64{100, 200, 300}},
			{150, 3, 1, [3]uint64{100, 150, 300}},
			{150, 3, 1, [3]uint64{100, 150, 300}},
			{50, 0, 2, [3]uint64{50, 50, 50}},
		} {
			if err := f.lowerMarks(step.t, step.except); err != nil {
				t.Fatal(err)
			}
			got := [3]uint64{markOf(t, path, 1), markOf(t, path, 2), markOf(t, path, 3)}
			if got != step.want || writes != step.writes || f.mark(3) != step.want[2] {
				t.Fatalf("%+v: marks %v, %d writings", step, got, writes)
			}
		}
		// One that waits to be written must not come up later.
		f.setMark(1, 500)
		if err := f.lowerMarks(60, 0); err != nil || f.mark(1) != 60 {
			t.Fatal(f.mark(1), err)
		}
		time.Sleep(3 * settle)
		synctest.Wait()
		if got := markOf(t, path, 1); got != 60 {
			t.Fatalf("mark %d in the file", got)
		}
	})
}

func TestAFailedLoweringIsTriedAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "peers.json")
	synctest.Test(t, func(t *testing.T) {
		f := openPeers(t, path)
		f.seen(1, "10.0.0.1:7")
		f.setMark(1, 100)
		time.Sleep(3 * settle)
		synctest.Wait()
		full := true
		f.mu.Lock()
		f.write = func(b []byte) error {
			if full {
				return errors.New("no space")
			}
			return f.replace(b)
		}
		f.mu.Unlock()
		for range 2 { // the second time there is nothing to lower, but it is not durable
			if err := f.lowerMarks(50, 0); err == nil {
				t.Fatal("it seems durable")
			}
		}
		full = false
		if err := f.lowerMarks(50, 0); err != nil || markOf(t, path, 1) != 50 {
			t.Fatal(markOf(t, path, 1), err)
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
		"a mark":    `{"peers":[{"address":"10.0.0.1:7","node":"0000000000000001","mark":"x"}]}`,
		"twice":     `{"peers":[{"address":"10.0.0.1:7","node":"0000000000000001"},{"address":"10.0.0.2:7","node":"0000000000000001"}]}`,
		"forgotten": `{"peers":[],"forgotten":[{"address":"x"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "peers.json")
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			o := options(t, 1, nil)
			o.PeersFile = path
			n := startNode(t, o)
			if got := n.logs.count("is damaged"); got != 1 {
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
		f.seen(1, "10.0.0.1:7")
		f.gone(1)
		time.Sleep(expireAfter + time.Hour)
		if err := f.save(); err != nil || len(f.list()) != 1 {
			t.Fatal("one was dropped although nobody was seen since", err)
		}
		f.seen(2, "10.0.0.2:7")
		if err := f.save(); err != nil || len(f.list()) != 1 {
			t.Fatal("one that was not seen for long is still there", err)
		}
		for id := range uint64(maxPeers + 10) {
			f.seen(id+2, "10.0.0.2:7")
			f.gone(id + 2)
			time.Sleep(time.Millisecond) // seldom enough for the file not to be written each time
		}
		if err := f.save(); err != nil {
			t.Fatal(err)
		}
		if got := len(f.list()); got != maxPeers {
			t.Fatalf("%d peers", got)
		}
		for _, p := range f.list() {
			if p.id < 12 {
				t.Fatalf("node %d, one of the oldest, is still there", p.id)
			}
		}
	})
}

func TestPeersFileFormat(t *testing.T) {
	at := time.Date(2026, 11, 22, 10, 50, 17, 5, time.UTC)
	b, err := formatPeers(peersDocument{
		Node:      idString(9),
		Peers:     []peerEntry{{Address: "10.0.0.6:7946", Seen: at, id: 1}, {Address: "10.0.0.5:7946", Seen: at, id: 0x8c0b6e1f2a3d4c5b, mark: 1<<64 - 1}},
		Forgotten: []forgotten{{Address: "10.0.0.7:7946", Time: at.Truncate(time.Second)}},
	})
	want := `{
	"node": "0000000000000009",
	"peers": [
		{
			"address": "10.0.0.5:7946",
			"node": "8c0b6e1f2a3d4c5b",
			"seen": "2026-11-22T10:50:17Z",
			"mark": "18446744073709551615"
		},
		{
			"address": "10.0.0.6:7946",
			"node": "0000000000000001",
			"seen": "2026-11-22T10:50:17Z"
		}
	],
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
	d, err := parsePeers(b)
	if err != nil || len(d.Peers) != 2 || d.Peers[0].mark != 1<<64-1 || d.Peers[1].id != 1 {
		t.Fatalf("%+v, %v", d, err)
	}
}

func FuzzPeersFile(f *testing.F) {
	f.Add([]byte(`{"peers":[{"address":"10.0.0.5:7946","node":"8c0b6e1f2a3d4c5b","seen":"2026-11-22T10:50:17Z","mark":"7"}],"removed":{"time":"2026-11-22T10:50:17Z"}}`))
	f.Add([]byte(`{"peers":[],"forgotten":[{"address":"[::1]:7","time":"2026-11-22T10:50:17Z"}]}`))
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := parsePeers(b)
		if err != nil {
			return
		}
		first, err := formatPeers(d)
		if err != nil {
			t.Skip(err) // a year that JSON has no form for
		}
		if d, err = parsePeers(first); err != nil {
			t.Fatalf("%v\n%s", err, first)
		}
		if second, err := formatPeers(d); err != nil || string(second) != string(first) {
			t.Fatalf("%v\n%s\n%s", err, first, second)
		}
	})
}
