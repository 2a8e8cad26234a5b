package engine

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/legacy"
)

// TestDamagedSnapshot flips bits and cuts the file: the node refuses to start and
// names the file, or holds exactly what it held.
func TestDamagedSnapshot(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{})
	rnd := rand.New(rand.NewPCG(1, 1))
	want := map[string]string{}
	for i := range 300 {
		key, value := fmt.Sprintf("k%03d", i), strings.Repeat(fmt.Sprint(i), 1+rnd.IntN(40))
		mustSet(t, s, key, value, 0)
		want[key] = value
	}
	if err := s.Checkpoint(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	path := s.dir.File(datadir.SnapshotFile)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	try := func(what string, bad []byte) {
		t.Helper()
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		n, err := tryNode(s.dir.Path(), Options{})
		if err != nil {
			if refused++; !strings.Contains(err.Error(), path) && !strings.Contains(err.Error(), "log segment") && !strings.Contains(err.Error(), datadir.LogDir) {
				t.Fatalf("%s: the error does not name the file: %v", what, err)
			}
			return
		}
		for key, value := range want {
			wantValue(t, n, key, value)
		}
		if st := n.Stats(); st.Keys != int64(len(want)) {
			t.Fatalf("%s: %d keys", what, st.Keys)
		}
		if err := n.stop(); err != nil {
			t.Fatal(err)
		}
	}
	for range rounds(150, 2000) {
		bad := bytes.Clone(good)
		bit := rnd.IntN(len(bad) * 8)
		bad[bit/8] ^= 1 << (bit % 8)
		try(fmt.Sprintf("bit %d", bit), bad)
	}
	for size := 0; size < len(good); size += 1 + rnd.IntN(2000) {
		try(fmt.Sprintf("cut to %d", size), good[:size])
	}
	if refused < 30 {
		t.Fatalf("only %d refused", refused)
	}
	try("undamaged", good)
}

func TestDamagedLogIsNamed(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{})
	for i := range 10 {
		mustSet(t, s, fmt.Sprint("k", i), "value", 0)
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(s.logPath(), "0000000000000001.wal")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = tryNode(s.dir.Path(), Options{})
	var corrupt *CorruptError
	if !errors.As(err, &corrupt) || corrupt.Path != path || corrupt.Offset <= 0 {
		t.Fatalf("got %v", err)
	}
	if now, _ := os.ReadFile(path); !bytes.Equal(now, b) {
		t.Fatal("the damaged file was changed")
	}
}

// writeLegacy makes the data directory of a 0.5.1 node.
func writeLegacy(t *testing.T, dir string, list []*legacy.Entry) {
	t.Helper()
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(&list); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{datadir.SnapshotFile: b.Bytes(), datadir.LegacyAuthFile: []byte("tokens")} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTakeOver(t *testing.T) {
	now := time.Now()
	list := []*legacy.Entry{
		{Key: "plain", Value: []byte("1"), CreateTime: now.Add(-time.Hour)},
		{Key: "ttl", Value: []byte("2"), CreateTime: now.Add(-time.Hour), LifeTime: 2 * time.Hour},
		{Key: "over", Value: []byte("3"), CreateTime: now.Add(-time.Hour), LifeTime: time.Minute},
		{Key: "empty", CreateTime: now},
		{Key: "ahead", Value: []byte("4"), CreateTime: now.Add(24 * time.Hour)},
		{Key: "", Value: []byte("no key"), CreateTime: now},
	}
	dir := t.TempDir()
	writeLegacy(t, dir, list)
	for _, name := range []string{datadir.SnapshotFile, datadir.LegacyAuthFile} { // interrupted just before the end
		if err := os.Link(filepath.Join(dir, name), filepath.Join(dir, name+datadir.LegacySuffix)); err != nil {
			t.Fatal(err)
		}
	}
	s := startNode(t, dir, Options{})
	for range 2 {
		wantValue(t, s, "plain", "1")
		wantValue(t, s, "ttl", "2")
		wantValue(t, s, "empty", "")
		wantValue(t, s, "ahead", "4")
		wantMiss(t, s, "over")
		m, _ := s.Stat([]byte("ttl"))
		if m.Created != list[1].CreateTime.UnixNano() || m.Expires != list[1].CreateTime.Add(2*time.Hour).UnixMilli() {
			t.Fatalf("%+v", m)
		}
		if v := mustSet(t, s, "new", "x", 0).Version; v.Time>>16 > uint64(time.Now().Add(time.Minute).UnixMilli()) {
			t.Fatalf("the clock was dragged along: %v", v)
		}
		s = s.restart(t, Options{})
	}
	if st := s.Stats(); st.Recovery.Legacy != 0 || st.Keys != 5 {
		t.Fatalf("taken over twice? %+v", st.Recovery)
	}
	var kept []*legacy.Entry
	f, err := os.Open(filepath.Join(dir, datadir.SnapshotFile+datadir.LegacySuffix))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // read only
	if err := gob.NewDecoder(f).Decode(&kept); err != nil || len(kept) != len(list) {
		t.Fatalf("%d entries kept, %v", len(kept), err)
	}
	if _, err := os.Stat(filepath.Join(dir, datadir.LegacyAuthFile)); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("auth.db: %v", err)
	}
}

func TestForeignFileIsRefusedAndKept(t *testing.T) {
	for name, content := range map[string]string{"empty": "", "text": "this is no database, and it is longer than a header"} {
		dir := t.TempDir()
		path := filepath.Join(dir, datadir.SnapshotFile)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := tryNode(dir, Options{})
		var corrupt *CorruptError
		if !errors.As(err, &corrupt) || corrupt.Path != path {
			t.Fatalf("%s: %v", name, err)
		}
		if b, _ := os.ReadFile(path); string(b) != content {
			t.Fatalf("%s: the file was changed", name)
		}
	}
}
