package check

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"go.uber.org/goleak"

	"owlcache/engine"
	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
	"owlcache/engine/internal/legacy"
	"owlcache/engine/internal/pages"
	"owlcache/engine/internal/snapshot"
	"owlcache/engine/internal/testdir"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func mustCheck(t testing.TB, path string) *Report {
	t.Helper()
	before := testdir.ReadAll(t, path)
	report, err := Run(context.Background(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range testdir.ReadAll(t, path) {
		if !bytes.Equal(content, before[name]) {
			t.Errorf("%s was changed", name)
		}
	}
	return report
}

func TestCheckOfAGoodDirectory(t *testing.T) {
	for _, killed := range []bool{false, true} {
		p := newFlipPatient(t, killed)
		var last engine.Progress
		report, err := Run(context.Background(), p.Copy(t, nil), Options{Progress: func(p engine.Progress) { last = p }})
		if err != nil {
			t.Fatal(err)
		}
		if report.Status != OK || len(report.wrong()) > 0 || report.Holder != "" || report.Keys == 0 || report.Records != int64(len(p.records)) || report.Ops < report.Records {
			t.Errorf("%s: %+v", p.name, report)
		}
		if last.Done > last.Total {
			t.Errorf("%+v", last)
		}
	}
}

// TestCheckFresh checks directories that have nothing yet.
func TestCheckFresh(t *testing.T) {
	s := testdir.Start(t, t.TempDir(), engine.Options{})
	if report := mustCheck(t, s.Dir.Path()); report.Status != OK || !strings.HasPrefix(report.Holder, "process ") {
		t.Errorf("running: %+v", report)
	}
	testdir.MustStop(t, s)
	if report := mustCheck(t, s.Dir.Path()); report.Status != OK || report.Holder != "" {
		t.Errorf("stopped: %+v", report)
	}
	if _, err := Run(context.Background(), t.TempDir(), Options{}); err == nil {
		t.Error("an empty directory was checked")
	}
}

// TestCheckKinds damages each kind of place.
func TestCheckKinds(t *testing.T) {
	p := newFlipPatient(t, false)
	snapshot := p.Files[datadir.SnapshotFile]
	size := int(binary.LittleEndian.Uint32(snapshot[pages.HeaderSize+8:]))
	w := testdir.NewPlaces(t, snapshot)
	kv := w.KV
	leaf := int(binary.LittleEndian.Uint64(snapshot[kv*size+pages.HeaderSize+8:])) * size
	value := p.QuietValue(t, snapshot, leaf)
	meta := 0
	if binary.LittleEndian.Uint64(snapshot[size+pages.HeaderSize+48:]) > binary.LittleEndian.Uint64(snapshot[pages.HeaderSize+48:]) {
		meta = size
	}
	seg := p.Segments()
	middle, end := seg[1], seg[len(seg)-1]
	for name, c := range map[string]struct {
		file    string
		content []byte // nil: it is missing
		level   string
		offset  int64
		text    string // of one of the findings
		lost    string
		mend    string
	}{
		"value":            {datadir.SnapshotFile, testdir.Flipped(snapshot, value), Fail, int64(leaf), "wrong checksum", `the entry of "key`, "repair --to"},
		"leaf number":      {datadir.SnapshotFile, testdir.Flipped(snapshot, leaf), Fail, int64(leaf), "says that it is page", `keys from "key`, "repair"},
		"leaf length":      {datadir.SnapshotFile, testdir.Flipped(snapshot, leaf+13), Fail, int64(leaf), "to follow", `keys from "key`, "repair"},
		"element flags":    {datadir.SnapshotFile, testdir.Flipped(snapshot, leaf+pages.HeaderSize+1), Warn, int64(leaf), "flags that mean nothing", "", "repair"},
		"branch child":     {datadir.SnapshotFile, testdir.Flipped(snapshot, kv*size+pages.HeaderSize+8), Fail, int64(kv * size), "is not there", "keys from", "repair"},
		"branch key":       {datadir.SnapshotFile, testdir.Flipped(snapshot, kv*size+pages.HeaderSize+16*int(binary.LittleEndian.Uint16(snapshot[kv*size+10:]))+9), Fail, int64(kv * size), "branch page", "", "repair"},
		"root page":        {datadir.SnapshotFile, testdir.Overwritten(snapshot, int(w.Meta.Root)*size, size), Fail, int64(w.Meta.Root) * int64(size), "page", "all keys", "repair"},
		"newest meta page": {datadir.SnapshotFile, testdir.Flipped(snapshot, meta+pages.HeaderSize+57), Fail, int64(meta), "meta pages", "newest state", "repair"},
		"older meta page":  {datadir.SnapshotFile, testdir.Flipped(snapshot, size-meta+pages.HeaderSize+57), Warn, int64(size - meta), "meta pages", "", ""},
		"both meta pages":  {datadir.SnapshotFile, testdir.Overwritten(snapshot, 0, 2*size), Fail, -1, "neither", "the snapshot", "repair"},
		"freelist":         {datadir.SnapshotFile, testdir.Overwritten(snapshot, int(w.Meta.Freelist)*size, size), Fail, int64(w.Meta.Freelist) * int64(size), "freelist", "", "repair"},
		"free page lost":   {datadir.SnapshotFile, lessFree(snapshot, int(w.Meta.Freelist)*size), Warn, -2, "neither in use nor free", "", ""},
		"snapshot is cut":  {datadir.SnapshotFile, snapshot[:int(w.Meta.Pages)*size-100], Fail, -1, "the file ends", "the snapshot", "repair"},
		"snapshot is text": {datadir.SnapshotFile, []byte("hello"), Fail, 0, "neither a snapshot", "the snapshot", "repair"},
		"no snapshot":      {datadir.SnapshotFile, nil, Fail, -1, "snapshot of those before it is missing", "records 1 to", "repair"},
		"record":           {middle, testdir.Flipped(p.Files[middle], len(p.Files[middle])/2), Fail, 32, "wrong checksum", "record", "repair"},
		"segment header":   {middle, testdir.Flipped(p.Files[middle], 3), Fail, 0, "magic", "", "repair"},
		"last header":      {end, testdir.Flipped(p.Files[end], 3), Warn, 0, "magic", "", ""},
		"torn":             {end, append(bytes.Clone(p.Files[end]), 7, 7, 7), Warn, 32, "torn", "not acknowledged", ""},
		"segment missing":  {middle, nil, Fail, 0, "missing", "record", "repair"},
		"segment cut":      {middle, p.Files[middle][:len(p.Files[middle])-100], Fail, 32, "ends in the middle", "record", "repair"},
		"node.json":        {datadir.NodeFile, bytes.Replace(p.Files[datadir.NodeFile], []byte(`"created": "20`), []byte(`"created": "21`), 1), Fail, -1, "wrong checksum", "identity", "delete it"},
		"no node.json":     {datadir.NodeFile, nil, Warn, -1, "missing", "identity", "restore"},
		"old node.json":    {datadir.NodeFile, []byte(`{"format":1,"node_id":"00000000000000aa","created":"2026-11-22T10:50:17Z"}`), Warn, -1, "no checksum", "", ""},
		"secret.json":      {datadir.SecretFile, []byte(`{"password`), Fail, -1, "not valid JSON", "password", "delete it"},
		"edited secret":    {datadir.SecretFile, bytes.Replace(p.Files[datadir.SecretFile], []byte("of the test"), []byte("of the best"), 1), Warn, -1, "edited by hand, or damaged", "", "restore or delete"},
		"old secret":       {datadir.SecretFile, []byte(`{"password":"a password of the test"}`), Warn, -1, "no checksum", "", "restore or delete"},
		"group":            {datadir.GroupFile, []byte("{"), Fail, -1, "not valid", "members", "edit or restore"},
		"peers.json":       {datadir.PeersFile, []byte("{"), Fail, -1, "not valid", "peers", "delete"},
		"sites.xml":        {datadir.SitesFile, []byte("<sites>"), Fail, -1, "not valid", "sites", "edit or restore"},
		"unknown file":     {"notes\x1b.txt", []byte("x"), Warn, -1, "not a file of owlcache", "", "move it away"},
		"unknown segment":  {datadir.LogDir + "/17.wal", []byte("x"), Warn, -1, "not a file of owlcache", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			change := map[string][]byte{c.file: c.content}
			dir := p.Copy(t, change)
			if _, there := p.Files[c.file]; !there {
				path := filepath.Join(dir, c.file)
				if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, c.content, 0o600)); err != nil {
					t.Fatal(err)
				}
			}
			report := mustCheck(t, dir)
			found := false
			for _, f := range report.Findings {
				found = found || f.Level == c.level && strings.Contains(f.Text, c.text) && strings.Contains(f.Lost, c.lost) && (f.Lost == "") == (c.lost == "") &&
					strings.Contains(f.Mend, c.mend) && (c.offset == -2 || f.Offset == c.offset || c.offset == 32 && f.Offset >= 32)
			}
			if !found || report.Status != c.level {
				t.Errorf("%s: %+v", report.Status, report.wrong())
			}
		})
	}
}

// lessFree takes a page from the freelist.
func lessFree(b []byte, at int) []byte {
	b = bytes.Clone(b)
	binary.LittleEndian.PutUint16(b[at+10:], binary.LittleEndian.Uint16(b[at+10:])-1)
	return b
}

// TestCheckHarmlessFiles: what may lie in the directory is no warning.
func TestCheckHarmlessFiles(t *testing.T) {
	p := newFlipPatient(t, false)
	dir := p.Copy(t, nil)
	for _, name := range []string{"owlcache.db.tmp", ".node.json123", "README.md", ".gitignore", "owlcache.db.legacy", "wal/0000000000000001.wal.broken", "wal/0000000000000001.wal.broken.2", "wal/x.tmp"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if report := mustCheck(t, dir); report.Status != OK {
		t.Errorf("%+v", report.wrong())
	}
	if err := os.Chmod(filepath.Join(dir, datadir.SecretFile), 0o640); err != nil {
		t.Fatal(err)
	}
	if report := mustCheck(t, dir); report.Status != Warn || !strings.Contains(report.wrong()[0].Text, "0640") {
		t.Errorf("%+v", report.wrong())
	}
}

func TestCheckLegacy(t *testing.T) {
	dir := t.TempDir()
	testdir.WriteLegacy(t, dir, []*legacy.Entry{{Key: "a", Value: []byte("1"), CreateTime: time.Now()}})
	report := mustCheck(t, dir)
	if report.Status != Warn || report.Keys != 1 || len(report.wrong()) != 1 || !strings.Contains(report.wrong()[0].Text, "0.5.1") {
		t.Errorf("%+v", report)
	}
}

func TestCheckNewerFormats(t *testing.T) {
	s := testdir.WithLog(t, 3)
	testdir.MustStop(t, s)
	path := s.Dir.Path()
	node := filepath.Join(path, datadir.NodeFile)
	good, err := os.ReadFile(node)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(node, []byte(`{"format":2,"node_id":"00000000000000aa"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	var newer *datadir.FormatError
	if _, err := Run(context.Background(), path, Options{}); !errors.As(err, &newer) {
		t.Errorf("node.json: %v", err)
	}
	if err := os.WriteFile(node, good, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := bbolt.Open(s.Dir.File(datadir.SnapshotFile), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte(format.BucketKV))
		v := bytes.Clone(b.Get([]byte("a3")))
		v[0]++ // the format
		sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
		_, _ = sum.Write(slices.Concat([]byte("a3"), v[:4], v[8:]))
		binary.LittleEndian.PutUint32(v[4:], sum.Sum32())
		return b.Put([]byte("a3"), v)
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(context.Background(), path, Options{}); !errors.Is(err, engine.ErrNewerFormat) {
		t.Errorf("value: %v", err)
	}
}

// TestCheckOfARunningNode checks again and again while a node writes and folds.
func TestCheckOfARunningNode(t *testing.T) {
	s := testdir.Start(t, t.TempDir(), engine.Options{SegmentSize: 16 << 10, Sync: "no"})
	stop, done := make(chan struct{}), make(chan error, 1)
	go func() {
		value := bytes.Repeat([]byte("value "), 200)
		for i := 0; ; i++ {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			_, err := s.Set(fmt.Appendf(nil, "key%d", i%5000), value[:i%len(value)], 0)
			if err == nil && i%300 == 0 {
				err = s.Checkpoint(context.Background())
			}
			if err != nil && !errors.Is(err, snapshot.ErrBusy) {
				done <- err
				return
			}
		}
	}()
	for range 30 {
		report, err := Run(context.Background(), s.Dir.Path(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if report.Status != OK || report.Holder == "" {
			t.Errorf("%+v", report.wrong())
		}
	}
	close(stop)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if st := s.Stats(); st.Checkpoint.Done == 0 {
		t.Error("there was no checkpoint meanwhile")
	}
}

// TestCheckEnds: a cancelled check ends, and says so.
func TestCheckEnds(t *testing.T) {
	p := newFlipPatient(t, false)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Run(ctx, p.Copy(t, nil), Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestFindingsAreBounded(t *testing.T) {
	var part, all findings
	for i := range 3 * maxFindings {
		part.add(Finding{Level: Warn, File: "x", Offset: int64(i)})
	}
	part.add(Finding{Level: Fail, File: "y"})
	part.ok("z", "good")
	all.join(&part)
	last := all.list[len(all.list)-1]
	if len(all.list) != maxFindings+2 || all.warnings != 3*maxFindings || all.failures != 1 || last.Level != Fail || !strings.Contains(last.Text, "1001 more") {
		t.Errorf("%d, %d, %d, %+v", len(all.list), all.warnings, all.failures, last)
	}
}

// FuzzCheckSnapshot checks a directory whose snapshot is arbitrary bytes: no panic, no
// endless walk, and nothing good in what a store refuses.
func FuzzCheckSnapshot(f *testing.F) {
	b := testdir.SmallPages(f)
	f.Add(b)
	for _, at := range []int{pages.HeaderSize + 20, 2*pages.MinPageSize + 10, 3*pages.MinPageSize + 9, 4*pages.MinPageSize + pages.HeaderSize + 4} {
		f.Add(testdir.Flipped(b, at))
	}
	f.Add([]byte("short"))
	f.Fuzz(func(t *testing.T, b []byte) {
		dir := t.TempDir()
		path := filepath.Join(dir, datadir.SnapshotFile)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		report, err := Run(context.Background(), dir, Options{})
		if err != nil {
			if !errors.Is(err, engine.ErrNewerFormat) {
				t.Fatal(err)
			}
			return
		}
		if _, err := pages.Verify(path); err != nil && report.Status == OK {
			t.Fatalf("%v: %+v", err, report)
		}
	})
}
