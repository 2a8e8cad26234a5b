package clustercmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"owlcache/api"
	"owlcache/cmd/owlcache/internal/e2e"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine"
	"owlcache/engine/datadir"
)

// diffNode is a store behind a server.
type diffNode struct {
	t     *testing.T
	store *engine.Store
	addr  string
}

// startDiffNode returns a node that keeps tombstones.
func startDiffNode(t *testing.T) *diffNode {
	t.Helper()
	dir, err := datadir.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	store, err := engine.Open(t.Context(), dir, engine.Options{Sync: "no", TombstoneGrace: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	server, err := api.New(api.Options{Password: "correct horse battery", TokenSecret: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server.Ready(store)
	served := make(chan error, 1)
	go func() { served <- server.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), e2e.Patience)
		defer cancel()
		if err := errors.Join(server.Shutdown(ctx), <-served, store.Close(), dir.Close()); err != nil {
			t.Error(err)
		}
	})
	return &diffNode{t: t, store: store, addr: ln.Addr().String()}
}

// oldVersion returns one of a few minutes ago.
func oldVersion(n int) engine.Version {
	return engine.Version{Time: uint64(time.Now().Add(-5*time.Minute).UnixMilli()/60_000*60_000+int64(n)) << 16, Node: 0xabc}
}

// merge gives a node entries; a tombstone has no value.
func (m *diffNode) merge(entries ...engine.Entry) {
	m.t.Helper()
	for i := range entries {
		entries[i].Created = 1
		entries[i].Tombstone = entries[i].Value == nil
	}
	merged, err := m.store.Merge(entries)
	if err != nil || merged.Taken != len(entries) {
		m.t.Fatalf("%+v of %d, %v", merged, len(entries), err)
	}
}

func entry(key, value string, n int) engine.Entry {
	e := engine.Entry{Key: []byte(key), Version: oldVersion(n)}
	if value != "" {
		e.Value = []byte(value)
	}
	return e
}

// passwordFile has the password of these nodes.
func passwordFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(path, []byte("correct horse battery\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestClusterDiff(t *testing.T) {
	a, b := startDiffNode(t), startDiffNode(t)
	pass := passwordFile(t)
	diff := func(args ...string) (code int, stdout, stderr string) {
		return execute(t, append([]string{"cluster", "diff", a.addr, b.addr, "--password-file", pass}, args...)...)
	}
	var both []engine.Entry
	for i := range 3000 {
		both = append(both, entry(fmt.Sprintf("same:%d", i), "value", i))
	}
	a.merge(both...)
	b.merge(both...)
	code, stdout, stderr := diff()
	if code != 0 || !strings.HasSuffix(stdout, "3,000 entries\nboth hold the same\n") || stderr != "" {
		t.Errorf("equal: %d, %s%s", code, stdout, stderr)
	}

	a.merge(entry("user:1:x", "1", 1), entry("user:2:x", "1", 1), entry("plain", "1", 1), entry("cart:1", "", 9), entry("\xff:1", "1", 1))
	b.merge(entry("user:1:x", "2", 2), entry("cart:1", "1", 1), entry("cart:2", "1", 1), entry("cart:3", "", 1))
	if code, stdout, stderr = diff(); code != 1 || stderr != "" {
		t.Errorf("different: %d, %s%s", code, stdout, stderr)
	}
	_, table, _ := strings.Cut(stdout, "\n\n")
	const want = `ONLY ON A  ONLY ON B  NEWER ON A  NEWER ON B  DELETIONS  PREFIX
        0          2           1           0          2  "cart:"
        1          0           0           1          0  "user:"
        1          0           0           0          0  (none)
        1          0           0           0          0  "\xff:"
        3          2           1           1          2  all
`
	if d := cmp.Diff(want, table); d != "" {
		t.Error(d)
	}

	code, stdout, stderr = diff("-o", "json", "--depth", "2", "--limit", "2")
	var got diffJSON
	if err := json.Unmarshal([]byte(stdout), &got); err != nil || code != 1 || stderr != "" {
		t.Fatalf("%d, %s%s, %v", code, stdout, stderr, err)
	}
	text := func(s string) *string { return &s }
	wantJSON := diffJSON{
		A: diffSideJSON{a.addr, fmt.Sprintf("%016x", a.store.NodeID()), 3005}, B: diffSideJSON{b.addr, fmt.Sprintf("%016x", b.store.NodeID()), 3004},
		diffCountJSON: diffCountJSON{3, 2, 1, 1, 2}, PrefixesTotal: 5,
		Prefixes: []diffRowJSON{{Prefix: text("cart:"), diffCountJSON: diffCountJSON{0, 2, 1, 0, 2}}, {Prefix: text(""), diffCountJSON: diffCountJSON{1, 0, 0, 0, 0}}},
	}
	if d := cmp.Diff(wantJSON, got, cmp.AllowUnexported(diffRowJSON{}, diffJSON{})); d != "" {
		t.Error(d)
	}

	_, stdout, stderr = diff("--limit", "1")
	if !strings.Contains(stderr, "these are 1 of 4 prefixes; more with --limit") || strings.Count(stdout, "\n") != 6 {
		t.Errorf("%s%s", stdout, stderr)
	}
}

// Every entry is found where all differ, in many batches.
func TestClusterDiffOfAll(t *testing.T) {
	a, b := startDiffNode(t), startDiffNode(t)
	var entries []engine.Entry
	for i := range 120_000 {
		entries = append(entries, entry(fmt.Sprintf("k%d:", i%3), "v", 1))
		entries[i].Key = append(entries[i].Key, fmt.Sprint(i)...)
	}
	a.merge(entries...)
	code, stdout, stderr := execute(t, "cluster", "diff", b.addr, a.addr, "--password-file", passwordFile(t))
	for _, want := range []string{"\n        0     40,000           0           0          0  \"k2:\"\n", "\n        0    120,000           0           0          0  all\n"} {
		if code != 1 || !strings.Contains(stdout, want) {
			t.Errorf("%d, %s%s", code, stdout, stderr)
		}
	}
}

func TestClusterDiffFails(t *testing.T) {
	a := startDiffNode(t)
	pass := passwordFile(t)
	wrong := filepath.Join(t.TempDir(), "wrong")
	if err := os.WriteFile(wrong, []byte("correct horse"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{a.addr}, 2, "accepts 2 arg(s)"},
		{[]string{a.addr, a.addr, "--depth", "0"}, 2, "flag --depth 0: want 1 or more"},
		{[]string{a.addr, a.addr, "--limit", "0"}, 2, "flag --limit 0"},
		{[]string{a.addr, a.addr, "--delimiter", ""}, 2, "flag --delimiter: it is empty"},
		{[]string{a.addr, a.addr, "--timeout", "0s"}, 2, "flag --timeout"},
		{[]string{a.addr, "127.0.0.1:1", "--password-file", pass}, 6, "127.0.0.1:1 does not answer"},
		{[]string{a.addr, a.addr, "--password-file", wrong}, 4, "refused to log in"},
		{[]string{a.addr, a.addr, "--password-file", pass, "--password-file-b", wrong}, 4, "refused to log in"},
		{[]string{a.addr, a.addr, "--password-file", pass}, 0, "both nodes have the id"},
	} {
		code, _, stderr := execute(t, append([]string{"cluster", "diff"}, tt.args...)...)
		if code != tt.code || !strings.Contains(stderr, tt.want) {
			t.Errorf("%q: %d, %s", tt.args, code, stderr)
		}
	}
}

// A write that is on its way is no difference; one that does not arrive is.
func TestLastingDifferences(t *testing.T) {
	at := func(n int) entryState { return entryState{Version: engine.Version{Time: uint64(n), Node: 1}} }
	deleted := func(n int) entryState { return entryState{at(n).Version, true} }
	none := entryState{}
	for _, tt := range []struct {
		name         string
		first, later versions
		lasts        bool
	}{
		{"still only on A", versions{at(1), none}, versions{at(1), none}, true},
		{"still only on B", versions{none, at(1)}, versions{none, at(1)}, true},
		{"still newer on A", versions{at(2), at(1)}, versions{at(2), at(1)}, true},
		{"still newer on B, which is written to", versions{at(1), at(2)}, versions{at(1), at(5)}, true},
		{"B follows A", versions{at(2), at(1)}, versions{at(3), at(2)}, false},
		{"A follows B", versions{none, at(2)}, versions{at(2), at(3)}, false},
		{"written meanwhile", versions{}, versions{at(3), at(2)}, false},
		{"now the other is ahead", versions{at(2), at(1)}, versions{at(2), at(4)}, false},
		{"gone from one of them meanwhile", versions{at(2), at(1)}, versions{none, at(2)}, true},
		{"a deletion does not arrive", versions{deleted(2), at(1)}, versions{deleted(2), at(1)}, true},
		{"a tombstone of the same version", versions{deleted(2), at(2)}, versions{deleted(2), at(2)}, true},
	} {
		first := map[string]versions{"other": {at(1), none}}
		if tt.first != (versions{}) {
			first["k"] = tt.first
		}
		got := lastingDifferences(first, map[string]versions{"k": tt.later})
		if _, lasts := got["k"]; lasts != tt.lasts || lasts && got["k"] != tt.later || len(got) > 1 {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// What does not fit among the prefixes is counted all the same.
func TestDiffPrefixesAreBounded(t *testing.T) {
	d := &differ{prefixes: &term.Prefixes{Delimiter: ":", Depth: 1}, counts: map[string]*diffCount{}}
	for i := range diffPrefixes + 5 {
		d.countLocked(fmt.Sprintf("%d:", i)).add(versions{{Version: engine.Version{Time: 1}}})
	}
	d.countLocked("0:x").add(versions{{Version: engine.Version{Time: 1}}})
	if len(d.counts) != diffPrefixes || d.others.only[0] != 5 || d.counts["0:"].only[0] != 2 {
		t.Errorf("%d prefixes, %+v, %+v", len(d.counts), d.others, d.counts["0:"])
	}
}

func TestParseEntryLine(t *testing.T) {
	for _, line := range []string{
		``, `{}`, `{"key":"","version":"1.0@1"}`, `{"key":"?","version":"1.0@1"}`, `{"key":"aGk=","version":""}`, `{"key":"aGk=","version":"1.0"}`,
		`{"key":"aGk=","version":"0.0@0"}`, `{"key":"aGk=","version":"1.65536@1"}`, `{"key":"aGk=","version":"281474976710656.0@1"}`, `{"key":"aGk=","version":"-1.0@1"}`,
	} {
		if key, _, err := parseEntryLine([]byte(line)); err == nil {
			t.Errorf("%s: %q", line, key)
		}
	}
}

func FuzzParseEntryLine(f *testing.F) {
	f.Add([]byte(`{"key":"aGVsbG8=","version":"1765000000000.3@1f","tombstone":true,"size":5}`))
	f.Add([]byte(`{"key":"aGVsbG8=","version":"281474976710655.65535@ffffffffffffffff"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		key, state, err := parseEntryLine(line)
		if err != nil {
			return
		}
		again, err := parseVersion(state.String())
		if len(key) == 0 || err != nil || again != state.Version {
			t.Errorf("%q: %q, %v, %v", line, key, state, err)
		}
	})
}
