package engine

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
	"owlcache/engine/internal/legacy"
	"owlcache/engine/internal/pages"
)

func TestRepairOfAGoodDirectory(t *testing.T) {
	p := newPatient(t)
	report, got := repaired(t, p.copy(t, nil))
	if wrong := p.check(t, "undamaged", report, got); len(wrong) > 0 || !report.Complete || len(report.Damage) > 0 {
		t.Fatalf("%v: %+v", wrong, report)
	}
	old, err := tryNode(p.copy(t, nil), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer old.stop() //nolint:errcheck // only read
	made, err := tryNode(report.Target, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer made.stop() //nolint:errcheck // only one write
	if made.NodeID() != old.NodeID() || made.dir.Created() != old.dir.Created() {
		t.Fatal("the identity is another one")
	}
	old.table.Each(func(e *Entry) {
		m, _, ok := made.table.Peek(e.Key)
		if !ok || m.Version != e.Version || m.Created != e.Created || m.Expires != e.Expires || m.Tombstone != e.Tombstone {
			t.Errorf("%s: %+v became %+v", e.Key, e, m)
		}
	})
	if s := made.Stats(); s.LSN != old.Stats().LSN {
		t.Errorf("the log goes on behind %d, not %d", s.LSN, old.Stats().LSN)
	}
	for _, name := range []string{datadir.NodeFile, datadir.SecretFile, datadir.GroupFile, datadir.GossipFile, datadir.SitesFile} {
		if b, err := os.ReadFile(made.dir.File(name)); err != nil || !bytes.Equal(b, p.files[name]) {
			t.Errorf("%s: %v", name, err)
		}
	}
	before := old.clock.last.Load()
	if v := mustSet(t, made, "one more", "x", 0).Version; v.Time <= before {
		t.Errorf("version %v is not above %d", v, before)
	}
}

// segments returns the names of the log's segments.
func (p *patient) segments() (list []string) {
	for name := range p.files {
		if strings.HasSuffix(name, ".wal") {
			list = append(list, name)
		}
	}
	// Names are numbers of one length.
	for i := range list {
		for j := i + 1; j < len(list); j++ {
			if list[j] < list[i] {
				list[i], list[j] = list[j], list[i]
			}
		}
	}
	return list
}

// TestRepairFromAnOlderPage damages an entry of which an older page still has the
// very same one: it is as good as undamaged.
func TestRepairFromAnOlderPage(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{})
	for i := range 100 {
		mustSet(t, s, fmt.Sprintf("key%03d", i), fmt.Sprintf("value %d", i), 0)
	}
	mustCheckpoint(t, s)
	mustSet(t, s, "key050", "another one", 0)
	mustCheckpoint(t, s)
	mustStop(t, s)
	rewrite(t, s.snapshotPath(), func(b []byte) {
		size := int(binary.LittleEndian.Uint32(b[pages.HeaderSize+8:]))
		w := newPlaces(t, b)
		root := w.kv * size
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
	report, got := repaired(t, s.dir.Path())
	if !report.Complete || len(report.Damage) != 1 || len(got) != 100 || got["key051"] != "value 51" || got["key050"] != "another one" {
		t.Fatalf("%q, %q: %+v", got["key051"], got["key050"], report)
	}
}

// quietValue returns the offset of the value of a key in a leaf page that the log
// does not have.
func (p *patient) quietValue(t *testing.T, b []byte, leaf int) int {
	t.Helper()
	size := int(binary.LittleEndian.Uint32(b[pages.HeaderSize+8:]))
	g := pages.OpenDamaged(bytes.NewReader(b), int64(len(b))).Read(uint64(leaf / size))
	for i := range g.Count {
		if e := g.Element(i); p.quiet[string(e.Key)] {
			return leaf + size*int(g.Follow+1) - cap(e.Value) + format.ValueHeader
		}
	}
	t.Fatal("all keys of the page are in the log")
	return 0
}

func flipped(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 0x41
	return b
}

// TestRepairKinds damages each kind of place.
func TestRepairKinds(t *testing.T) {
	p := newPatient(t)
	snapshot := p.files[datadir.SnapshotFile]
	size := int(binary.LittleEndian.Uint32(snapshot[pages.HeaderSize+8:]))
	w := newPlaces(t, snapshot)
	kv := w.kv
	leaf := int(binary.LittleEndian.Uint64(snapshot[kv*size+pages.HeaderSize+8:])) * size
	if binary.LittleEndian.Uint16(snapshot[leaf+8:]) != pages.Leaf {
		t.Fatal("the tree is not as this test needs it")
	}
	value := p.quietValue(t, snapshot, leaf)
	meta := 0
	if binary.LittleEndian.Uint64(snapshot[size+pages.HeaderSize+48:]) > binary.LittleEndian.Uint64(snapshot[pages.HeaderSize+48:]) {
		meta = size
	}
	seg := p.segments()
	middle := seg[1]
	for name, c := range map[string]struct {
		change   map[string][]byte
		complete bool
		wrong    int // keys at most
	}{
		"record":                {map[string][]byte{middle: flipped(p.files[middle], len(p.files[middle])/2)}, false, 1},
		"first record":          {map[string][]byte{seg[0]: flipped(p.files[seg[0]], 40)}, false, 1},
		"segment header":        {map[string][]byte{middle: flipped(p.files[middle], 3)}, true, 0},
		"segment is missing":    {map[string][]byte{middle: nil}, false, 60},
		"first segment missing": {map[string][]byte{seg[0]: nil}, false, 60},
		"segment is cut":        {map[string][]byte{middle: p.files[middle][:len(p.files[middle])-100]}, false, 2},
		"no lock file":          {map[string][]byte{datadir.LockFile: nil}, true, 0},
		"torn end": {map[string][]byte{seg[len(seg)-1]: nil,
			seg[len(seg)-2]: append(bytes.Clone(p.files[seg[len(seg)-2]]), bytes.Repeat([]byte{7}, 40)...)}, true, 0},
		"no log":                {without(seg), false, 120},
		"no snapshot":           {map[string][]byte{datadir.SnapshotFile: nil}, false, 120},
		"value":                 {map[string][]byte{datadir.SnapshotFile: flipped(snapshot, value)}, false, 1},
		"version of a value":    {map[string][]byte{datadir.SnapshotFile: flipped(snapshot, value-format.ValueHeader+8)}, false, 1},
		"leaf kind":             {map[string][]byte{datadir.SnapshotFile: flipped(snapshot, leaf+8)}, true, 0},
		"leaf number":           {map[string][]byte{datadir.SnapshotFile: flipped(snapshot, leaf)}, true, 0},
		"leaf count":            {map[string][]byte{datadir.SnapshotFile: flipped(snapshot, leaf+10)}, true, 0},
		"leaf length":           {map[string][]byte{datadir.SnapshotFile: flipped(snapshot, leaf+13)}, true, 0},
		"branch kind":           {map[string][]byte{datadir.SnapshotFile: flipped(snapshot, kv*size+8)}, true, 0},
		"branch child":          {map[string][]byte{datadir.SnapshotFile: flipped(snapshot, kv*size+pages.HeaderSize+8)}, false, 0},
		"branch page":           {map[string][]byte{datadir.SnapshotFile: overwritten(snapshot, kv*size, size)}, false, 0},
		"leaf page":             {map[string][]byte{datadir.SnapshotFile: overwritten(snapshot, leaf, size)}, false, 30},
		"root page":             {map[string][]byte{datadir.SnapshotFile: overwritten(snapshot, int(w.meta.Root)*size, size)}, false, 0},
		"newest meta page":      {map[string][]byte{datadir.SnapshotFile: flipped(snapshot, meta+pages.HeaderSize+57)}, true, 0},
		"newest meta page gone": {map[string][]byte{datadir.SnapshotFile: overwritten(snapshot, meta, size)}, false, 20},
		"older meta page":       {map[string][]byte{datadir.SnapshotFile: overwritten(snapshot, size-meta, size)}, true, 0},
		"both meta pages":       {map[string][]byte{datadir.SnapshotFile: overwritten(snapshot, 0, 2*size)}, false, 30},
		"freelist":              {map[string][]byte{datadir.SnapshotFile: overwritten(snapshot, int(w.meta.Freelist)*size, size)}, true, 0},
		"snapshot is cut":       {map[string][]byte{datadir.SnapshotFile: snapshot[:3*size+100]}, false, 120},
		"node.json":             {map[string][]byte{datadir.NodeFile: []byte("{")}, false, 0},
		"secret.json":           {map[string][]byte{datadir.SecretFile: []byte("{\"pass")}, false, 0},
		"sites.xml":             {map[string][]byte{datadir.SitesFile: []byte("<sites><site>")}, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			report, got := repaired(t, p.copy(t, c.change))
			wrong := p.check(t, name, report, got)
			if len(wrong) > c.wrong || report.Complete != c.complete {
				t.Fatalf("complete %v, %d wrong: %v\n%+v\n%v", report.Complete, len(wrong), wrong, report.Damage, report.Keys)
			}
			t.Logf("%d wrong; %+v %v", len(wrong), report.Damage, report.Keys)
		})
	}
}

func without(names []string) map[string][]byte {
	change := map[string][]byte{}
	for _, name := range names {
		change[name] = nil
	}
	return change
}

func overwritten(b []byte, at, n int) []byte {
	b = bytes.Clone(b)
	for i := at; i < at+n; i++ {
		b[i] = 0xa5
	}
	return b
}

// places says where the parts of a good snapshot are.
type places struct {
	meta pages.Meta
	kv   int // the root page of the bucket kv
}

func newPlaces(t *testing.T, b []byte) (p places) {
	t.Helper()
	file := pages.OpenDamaged(bytes.NewReader(b), int64(len(b)))
	meta, err := file.Newest()
	if err != nil {
		t.Fatal(err)
	}
	root := file.Read(meta.Root)
	for i := range root.Count {
		if e := root.Element(i); string(e.Key) == format.BucketKV {
			return places{meta: meta, kv: int(binary.LittleEndian.Uint64(e.Value))}
		}
	}
	t.Fatal("no bucket kv")
	return p
}

func TestRepairOfALegacyDirectory(t *testing.T) {
	dir := t.TempDir()
	writeLegacy(t, dir, []*legacy.Entry{
		{Key: "a", Value: []byte("1"), CreateTime: time.Now().Add(-time.Hour)},
		{Key: "b", Value: []byte("2"), CreateTime: time.Now(), LifeTime: time.Hour},
	})
	report, got := repaired(t, dir)
	if !report.Complete || !report.Snapshot.Legacy || got["a"] != "1" || got["b"] != "2" || len(got) != 2 {
		t.Fatalf("%v: %+v", got, report)
	}
}

// TestInterruptedRepair stops a repair while it writes, and keeps what is there then:
// no node starts on it.
func TestInterruptedRepair(t *testing.T) {
	p := newPatient(t)
	dir := p.copy(t, nil)
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
		_, err := Repair(ctx, RepairOptions{Source: dir, Target: target})
		if err == nil {
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if _, err := os.Stat(target); !absent(err) {
			t.Fatalf("something was left behind: %v", err)
		}
		if _, err := os.Stat(kept); absent(err) {
			continue
		}
		if n, err := tryNode(kept, Options{}); err == nil {
			if st := n.Stats(); st.Keys != int64(len(p.last)) {
				t.Errorf("call %d: a node starts with %d keys", calls, st.Keys)
			}
			_ = n.stop()
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
	p := newPatient(t)
	dir := p.copy(t, nil)
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
		if _, err := Repair(ctx, RepairOptions{Source: dir, Target: target}); !errors.Is(err, ErrTarget) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Repair(ctx, RepairOptions{Source: full, Target: t.TempDir()}); err == nil {
		t.Error("a directory without data was repaired")
	}
	s := startNode(t, dir, Options{})
	var locked *datadir.LockedError
	if _, err := Repair(ctx, RepairOptions{Source: dir}); !errors.As(err, &locked) {
		t.Errorf("a running node: %v", err)
	}
	mustStop(t, s)
	target := filepath.Join(t.TempDir(), "new")
	stopped, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := Repair(stopped, RepairOptions{Source: dir, Target: target}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := os.Stat(target); !absent(err) {
		t.Errorf("something was left behind: %v", err)
	}
}
