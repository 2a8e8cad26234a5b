package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/fold"
	"owlcache/engine/internal/format"
	"owlcache/engine/internal/pages"
	"owlcache/engine/internal/snapshot"
)

// patient is a data directory that tests damage, and what its node was told.
type patient struct {
	path  string
	last  keysNow             // the keys with their values at the end
	ever  map[string][]string // all values that a key ever had
	quiet map[string]bool     // keys that only the snapshot has
	files map[string][]byte
}

type keysNow map[string]string

// newPatient makes a directory with a snapshot of several transactions, a log of
// several segments behind it, and the files of an operator.
func newPatient(t testing.TB) *patient {
	t.Helper()
	p := &patient{path: t.TempDir(), last: keysNow{}, ever: map[string][]string{}}
	opts := Options{SegmentSize: 4 << 10}
	s := startNode(t, p.path, opts)
	rnd := rand.New(rand.NewPCG(7, 7))
	for round := range 3 {
		p.quiet = map[string]bool{}
		for key := range p.last {
			p.quiet[key] = true
		}
		for i := range 150 {
			p.step(t, s, rnd, fmt.Sprintf("r%d.%d", round, i))
		}
		if round < 2 {
			if err := s.Checkpoint(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		datadir.SecretFile: `{"password":"a password of the test"}`,
		datadir.GroupFile:  "[\n\t{\"Cmd\":\"\",\"Address\":\"127.0.0.1:7721\",\"Pass\":\"\",\"Token\":\"\"}\n]\n",
		datadir.GossipFile: "null",
		datadir.SitesFile:  "<?xml version='1.0' encoding='UTF-8'?>\n<sites><site><host>http://127.0.0.1:8000</host></site></sites>\n",
	} {
		if err := os.WriteFile(filepath.Join(p.path, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.files = readAll(t, p.path)
	return p
}

// step does one random write.
func (p *patient) step(t testing.TB, s *node, rnd *rand.Rand, stamp string) {
	t.Helper()
	key := fmt.Sprintf("key%03d", rnd.IntN(120))
	_, there := p.last[key]
	delete(p.quiet, key)
	switch n := rnd.IntN(10); {
	case there && n == 0:
		if err := s.Delete([]byte(key)); err != nil {
			t.Fatal(err)
		}
		delete(p.last, key)
	case there && n == 1:
		if _, err := s.Expire([]byte(key), inFuture()); err != nil {
			t.Fatal(err)
		}
	default:
		value := strings.Repeat(stamp, 1+rnd.IntN(30))
		if rnd.IntN(40) == 0 {
			value = strings.Repeat(value, 60) // longer than a page
		}
		mustSet(t, s, key, value, 0)
		p.last[key] = value
		p.ever[key] = append(p.ever[key], value)
	}
}

// copy makes a directory with the same files, some of them changed.
func (p *patient) copy(t testing.TB, change map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range p.files {
		if c, ok := change[name]; ok {
			if c == nil {
				continue
			}
			content = c
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// readAll returns the content of all files below dir.
func readAll(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		files[rel], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// repaired repairs dir, checks that it is as before, and returns what the new one
// holds.
func repaired(t testing.TB, dir string) (*RepairReport, keysNow) {
	t.Helper()
	before := readAll(t, dir)
	target := filepath.Join(t.TempDir(), "new")
	report, err := Repair(context.Background(), RepairOptions{Source: dir, Target: target})
	if err != nil {
		t.Fatalf("repair: %v", err)
	}
	after := readAll(t, dir)
	if len(after) != len(before) {
		t.Fatalf("there were %d files, there are %d", len(before), len(after))
	}
	for name, content := range before {
		if !bytes.Equal(content, after[name]) {
			t.Fatalf("%s was changed", name)
		}
	}
	s := startNode(t, target, Options{})
	got := keysNow{}
	s.table.Each(func(e *Entry) { got[string(e.Key)] = string(e.Value) })
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	return report, got
}

// check compares what was saved with what there was, and returns the keys that are
// not as they were last.
func (p *patient) check(t testing.TB, what string, report *RepairReport, got keysNow) (wrong []string) {
	t.Helper()
	for key, value := range got {
		if p.last[key] == value {
			continue
		}
		wrong = append(wrong, key)
		known := false
		for _, v := range p.ever[key] {
			known = known || v == value
		}
		if !known {
			t.Fatalf("%s: %q has the value %.40q, which was never written", what, key, value)
		}
	}
	for key := range p.last {
		if _, ok := got[key]; !ok {
			wrong = append(wrong, key)
		}
	}
	if report.Complete && len(wrong) > 0 {
		t.Fatalf("%s: said to be complete, but %v are not as they were: %+v", what, wrong, report)
	}
	return wrong
}

// TestRepairRandomDamage changes bytes anywhere: what is saved was written once, and
// a report that says complete is right.
func TestRepairRandomDamage(t *testing.T) {
	p := newPatient(t)
	rnd := rand.New(rand.NewPCG(11, 13))
	var names []string
	for name := range p.files {
		if len(p.files[name]) > 0 && name != datadir.LockFile {
			names = append(names, name)
		}
	}
	names = append(names, datadir.SnapshotFile, datadir.SnapshotFile)
	total := 0
	for round := range 300 {
		change := map[string][]byte{}
		places := 1
		if round%3 == 0 {
			places = 1 + rnd.IntN(8)
		}
		what := ""
		for range places {
			name := names[rnd.IntN(len(names))]
			b := change[name]
			if b == nil {
				b = bytes.Clone(p.files[name])
			}
			at := rnd.IntN(len(b))
			b[at] ^= byte(1 + rnd.IntN(255))
			change[name] = b
			what += fmt.Sprintf("%s at %d, ", name, at)
		}
		dir := p.copy(t, change)
		report, got := repaired(t, dir)
		wrong := p.check(t, what, report, got)
		if total += len(wrong); places == 1 && len(wrong) > 1 {
			t.Errorf("%s: %d wrong: %v\n%+v\n%v", what, len(wrong), wrong, report.Damage, report.Keys)
		}
	}
	t.Logf("%d keys were not as they were", total)
}

// smallPages returns a snapshot of small pages, with entries that are good.
func smallPages(t testing.TB) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.db")
	w, err := snapshot.Create(path, snapshot.Options{PageSize: pages.MinPageSize, BatchKeys: 25})
	if err != nil {
		t.Fatal(err)
	}
	part := &fold.Part{LastLSN: 7}
	for i := range 60 {
		part.Add(&format.Record{Kind: format.RecordSet, Entry: Entry{Key: benchKey(nil, i), Value: []byte("value"), Version: Version{Time: 1, Node: 1}}})
	}
	part.Sort()
	if err := errors.Join(w.Write(context.Background(), part), w.Commit()); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// FuzzRepairSnapshot repairs a directory whose snapshot is arbitrary bytes: no panic,
// no endless walk, and no entry that the bytes do not hold.
func FuzzRepairSnapshot(f *testing.F) {
	b := smallPages(f)
	f.Add(b)
	for _, at := range []int{pages.HeaderSize + 20, 2*pages.MinPageSize + 10, 3*pages.MinPageSize + 9, 4*pages.MinPageSize + pages.HeaderSize + 4} {
		f.Add(flipped(b, at))
	}
	many := bytes.Clone(b) // more elements than a page has room for
	for at := 2 * pages.MinPageSize; at < len(many); at += pages.MinPageSize {
		copy(many[at+8:], "\x07\x00\x00\x10")
		copy(many[at+pages.HeaderSize+4:], "\x00\x00\x01\x00")
	}
	f.Add(many)
	f.Add([]byte("short"))
	f.Fuzz(func(t *testing.T, b []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, datadir.SnapshotFile), b, 0o600); err != nil {
			t.Fatal(err)
		}
		report, err := Repair(context.Background(), RepairOptions{Source: dir})
		var damage *CorruptError
		switch {
		case errors.As(err, &damage) && damage.Mend != "":
			return // what is left of the file of a 0.5.1 node holds no entry that is whole
		case err != nil:
			t.Fatal(err)
		}
		if report.Kept.Bytes > int64(len(b)) && !report.Snapshot.Legacy {
			t.Fatalf("%d bytes of keys and values in %d", report.Kept.Bytes, len(b))
		}
	})
}
