package repair_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"owlcache/engine"
	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
	"owlcache/engine/internal/legacy"
	"owlcache/engine/internal/pages"
	"owlcache/engine/internal/testdir"
	"owlcache/engine/repair"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRepairOfAGoodDirectory(t *testing.T) {
	p := testdir.NewPatient(t)
	report, got := testdir.Repaired(t, p.Copy(t, nil))
	if wrong := p.Compare(t, "undamaged", report, got); len(wrong) > 0 || !report.Complete || len(report.Damage) > 0 {
		t.Fatalf("%v: %+v", wrong, report)
	}
	old, err := testdir.Try(p.Copy(t, nil), engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer old.Stop() //nolint:errcheck // only read
	made, err := testdir.Try(report.Target, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer made.Stop() //nolint:errcheck // only one write
	if made.NodeID() != old.NodeID() || made.Dir.Created() != old.Dir.Created() {
		t.Fatal("the identity is another one")
	}
	if diff := cmp.Diff(old.Contents(), made.Contents()); diff != "" {
		t.Error(diff)
	}
	if s := made.Stats(); s.LSN != old.Stats().LSN {
		t.Errorf("the log goes on behind %d, not %d", s.LSN, old.Stats().LSN)
	}
	for _, name := range []string{datadir.NodeFile, datadir.SecretFile, datadir.GroupFile, datadir.GossipFile, datadir.SitesFile} {
		if b, err := os.ReadFile(made.Dir.File(name)); err != nil || !bytes.Equal(b, p.Files[name]) {
			t.Errorf("%s: %v", name, err)
		}
	}
	before := old.Recovered().Version
	if v := testdir.MustSet(t, made, "one more", "x", 0).Version; v.Time <= before {
		t.Errorf("version %v is not above %d", v, before)
	}
}

// TestRepairFromAnOlderPage damages an entry of which an older page still has the
// very same one: it is as good as undamaged.
func TestRepairFromAnOlderPage(t *testing.T) {
	s := testdir.Start(t, t.TempDir(), engine.Options{})
	for i := range 100 {
		testdir.MustSet(t, s, fmt.Sprintf("key%03d", i), fmt.Sprintf("value %d", i), 0)
	}
	testdir.MustCheckpoint(t, s)
	testdir.MustSet(t, s, "key050", "another one", 0)
	testdir.MustCheckpoint(t, s)
	testdir.MustStop(t, s)
	testdir.Rewrite(t, s.Dir.File(datadir.SnapshotFile), func(b []byte) {
		size := int(binary.LittleEndian.Uint32(b[pages.HeaderSize+8:]))
		w := testdir.NewPlaces(t, b)
		root := w.KV * size
		for i := range int(binary.LittleEndian.Uint16(b[root+10:])) {
			child := root
			if binary.LittleEndian.Uint16(b[root+8:]) == pages.Branch {
				child = int(binary.LittleEndian.Uint64(b[root+pages.HeaderSize+16*i+8:])) * size
			}
			if at := bytes.Index(b[child:child+size], []byte("value 51")); at >= 0 {
				b[child+at] ^= 1
				return
			}
		}
		t.Fatal("the value was not found")
	})
	report, got := testdir.Repaired(t, s.Dir.Path())
	if !report.Complete || len(report.Damage) != 1 || len(got) != 100 || got["key051"] != "value 51" || got["key050"] != "another one" {
		t.Fatalf("%q, %q: %+v", got["key051"], got["key050"], report)
	}
}

// TestRepairKinds damages each kind of place.
func TestRepairKinds(t *testing.T) {
	p := testdir.NewPatient(t)
	snapshot := p.Files[datadir.SnapshotFile]
	size := int(binary.LittleEndian.Uint32(snapshot[pages.HeaderSize+8:]))
	w := testdir.NewPlaces(t, snapshot)
	kv := w.KV
	leaf := int(binary.LittleEndian.Uint64(snapshot[kv*size+pages.HeaderSize+8:])) * size
	if binary.LittleEndian.Uint16(snapshot[leaf+8:]) != pages.Leaf {
		t.Fatal("the tree is not as this test needs it")
	}
	value := p.QuietValue(t, snapshot, leaf)
	meta := 0
	if binary.LittleEndian.Uint64(snapshot[size+pages.HeaderSize+48:]) > binary.LittleEndian.Uint64(snapshot[pages.HeaderSize+48:]) {
		meta = size
	}
	seg := p.Segments()
	middle := seg[1]
	for name, c := range map[string]struct {
		change   map[string][]byte
		complete bool
		wrong    int // keys at most
	}{
		"record":                {map[string][]byte{middle: testdir.Flipped(p.Files[middle], len(p.Files[middle])/2)}, false, 1},
		"first record":          {map[string][]byte{seg[0]: testdir.Flipped(p.Files[seg[0]], 40)}, false, 1},
		"segment header":        {map[string][]byte{middle: testdir.Flipped(p.Files[middle], 3)}, true, 0},
		"segment is missing":    {map[string][]byte{middle: nil}, false, 60},
		"first segment missing": {map[string][]byte{seg[0]: nil}, false, 60},
		"segment is cut":        {map[string][]byte{middle: p.Files[middle][:len(p.Files[middle])-100]}, false, 2},
		"no lock file":          {map[string][]byte{datadir.LockFile: nil}, true, 0},
		"torn end": {map[string][]byte{seg[len(seg)-1]: nil,
			seg[len(seg)-2]: append(bytes.Clone(p.Files[seg[len(seg)-2]]), bytes.Repeat([]byte{7}, 40)...)}, true, 0},
		"no log":                {without(seg), false, 120},
		"no snapshot":           {map[string][]byte{datadir.SnapshotFile: nil}, false, 120},
		"value":                 {map[string][]byte{datadir.SnapshotFile: testdir.Flipped(snapshot, value)}, false, 1},
		"version of a value":    {map[string][]byte{datadir.SnapshotFile: testdir.Flipped(snapshot, value-format.ValueHeader+8)}, false, 1},
		"leaf kind":             {map[string][]byte{datadir.SnapshotFile: testdir.Flipped(snapshot, leaf+8)}, true, 0},
		"leaf number":           {map[string][]byte{datadir.SnapshotFile: testdir.Flipped(snapshot, leaf)}, true, 0},
		"leaf count":            {map[string][]byte{datadir.SnapshotFile: testdir.Flipped(snapshot, leaf+10)}, true, 0},
		"leaf length":           {map[string][]byte{datadir.SnapshotFile: testdir.Flipped(snapshot, leaf+13)}, true, 0},
		"branch kind":           {map[string][]byte{datadir.SnapshotFile: testdir.Flipped(snapshot, kv*size+8)}, true, 0},
		"branch child":          {map[string][]byte{datadir.SnapshotFile: testdir.Flipped(snapshot, kv*size+pages.HeaderSize+8)}, false, 0},
		"branch page":           {map[string][]byte{datadir.SnapshotFile: testdir.Overwritten(snapshot, kv*size, size)}, false, 0},
		"leaf page":             {map[string][]byte{datadir.SnapshotFile: testdir.Overwritten(snapshot, leaf, size)}, false, 30},
		"root page":             {map[string][]byte{datadir.SnapshotFile: testdir.Overwritten(snapshot, int(w.Meta.Root)*size, size)}, false, 0},
		"newest meta page":      {map[string][]byte{datadir.SnapshotFile: testdir.Flipped(snapshot, meta+pages.HeaderSize+57)}, true, 0},
		"newest meta page gone": {map[string][]byte{datadir.SnapshotFile: testdir.Overwritten(snapshot, meta, size)}, false, 20},
		"older meta page":       {map[string][]byte{datadir.SnapshotFile: testdir.Overwritten(snapshot, size-meta, size)}, true, 0},
		"both meta pages":       {map[string][]byte{datadir.SnapshotFile: testdir.Overwritten(snapshot, 0, 2*size)}, false, 30},
		"freelist":              {map[string][]byte{datadir.SnapshotFile: testdir.Overwritten(snapshot, int(w.Meta.Freelist)*size, size)}, true, 0},
		"snapshot is cut":       {map[string][]byte{datadir.SnapshotFile: snapshot[:3*size+100]}, false, 120},
		"node.json":             {map[string][]byte{datadir.NodeFile: []byte("{")}, false, 0},
		"secret.json":           {map[string][]byte{datadir.SecretFile: []byte("{\"pass")}, false, 0},
		"sites.xml":             {map[string][]byte{datadir.SitesFile: []byte("<sites><site>")}, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			report, got := testdir.Repaired(t, p.Copy(t, c.change))
			wrong := p.Compare(t, name, report, got)
			if len(wrong) > c.wrong || report.Complete != c.complete {
				t.Fatalf("complete %v, %d wrong: %v\n%+v\n%v", report.Complete, len(wrong), wrong, report.Damage, report.Keys)
			}
			t.Logf("%d wrong; %+v %v", len(wrong), report.Damage, report.Keys)
		})
	}
}

// TestRepairOfAnEmptyBranch empties the branch above all entries: they are searched for,
// also if nothing says how many there are.
func TestRepairOfAnEmptyBranch(t *testing.T) {
	good := testdir.SmallPages(t)
	branch := testdir.NewPlaces(t, good).KV * pages.MinPageSize
	if binary.LittleEndian.Uint16(good[branch+8:]) != pages.Branch {
		t.Fatal("the tree is not as this test needs it")
	}
	for name, at := range map[string]int{
		"first element": branch + pages.HeaderSize,
		"number":        branch,
	} {
		b := testdir.Flipped(bytes.ReplaceAll(good, []byte("saved"), []byte("saveb")), at)
		clear(b[branch+10 : branch+12]) // no elements
		b[branch+pages.HeaderSize] |= 1 // and the content does not say how many
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, datadir.SnapshotFile), b, 0o600); err != nil {
			t.Fatal(err)
		}
		report, err := repair.Run(context.Background(), repair.Options{Source: dir})
		if err != nil || report.Kept.Keys != 60 || report.Complete {
			t.Errorf("%s: %v: %+v", name, err, report)
		}
	}
}

func without(names []string) map[string][]byte {
	change := map[string][]byte{}
	for _, name := range names {
		change[name] = nil
	}
	return change
}

func TestRepairOfALegacyDirectory(t *testing.T) {
	dir := t.TempDir()
	testdir.WriteLegacy(t, dir, []*legacy.Entry{
		{Key: "a", Value: []byte("1"), CreateTime: time.Now().Add(-time.Hour)},
		{Key: "b", Value: []byte("2"), CreateTime: time.Now(), LifeTime: time.Hour},
	})
	report, got := testdir.Repaired(t, dir)
	if !report.Complete || !report.Snapshot.Legacy || got["a"] != "1" || got["b"] != "2" || len(got) != 2 {
		t.Fatalf("%v: %+v", got, report)
	}
}

// TestInterruptedRepair stops a repair while it writes, and keeps what is there then:
// no node starts on it.
func TestInterruptedRepair(t *testing.T) {
	p := testdir.NewPatient(t)
	dir := p.Copy(t, nil)
	refused := 0
	for calls := int64(1); ; calls++ {
		target := filepath.Join(t.TempDir(), "new")
		kept := filepath.Join(t.TempDir(), "kept")
		ctx := &keepAfter{Context: context.Background(), left: calls, keep: func() {
			if _, err := os.Stat(target); err == nil {
				if err := os.CopyFS(kept, os.DirFS(target)); err != nil {
					t.Fatal(err)
				}
			}
		}}
		_, err := repair.Run(ctx, repair.Options{Source: dir, Target: target})
		if err == nil {
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if _, err := os.Stat(target); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("something was left behind: %v", err)
		}
		if _, err := os.Stat(kept); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if n, err := testdir.Try(kept, engine.Options{}); err == nil {
			if st := n.Stats(); st.Keys != int64(len(p.Last)) {
				t.Errorf("call %d: a node starts with %d keys", calls, st.Keys)
			}
			_ = n.Stop()
		} else {
			refused++
		}
	}
	if refused == 0 {
		t.Error("nothing was interrupted while writing")
	}
}

// keepAfter is cancelled after some calls of Err, at which it calls keep.
type keepAfter struct {
	context.Context
	left int64
	keep func()
}

func (c *keepAfter) Err() error {
	if c.left--; c.left > 0 {
		return nil
	}
	if c.left == 0 {
		c.keep()
	}
	return context.Canceled
}

func TestRepairRefusals(t *testing.T) {
	p := testdir.NewPatient(t)
	dir := p.Copy(t, nil)
	ctx := context.Background()
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{
		"not empty": full,
		"inside":    filepath.Join(dir, "new"),
		"the same":  dir,
		"a file":    filepath.Join(full, "x"),
	} {
		if _, err := repair.Run(ctx, repair.Options{Source: dir, Target: target}); !errors.Is(err, repair.ErrTarget) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := repair.Run(ctx, repair.Options{Source: full, Target: t.TempDir()}); err == nil {
		t.Error("a directory without data was repaired")
	}
	s := testdir.Start(t, dir, engine.Options{})
	var locked *datadir.LockedError
	if _, err := repair.Run(ctx, repair.Options{Source: dir}); !errors.As(err, &locked) {
		t.Errorf("a running node: %v", err)
	}
	testdir.MustStop(t, s)
	target := filepath.Join(t.TempDir(), "new")
	stopped, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := repair.Run(stopped, repair.Options{Source: dir, Target: target}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := os.Stat(target); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("something was left behind: %v", err)
	}
}
