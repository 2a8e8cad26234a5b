package goldendir

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"owlcache/engine"
	"owlcache/engine/datadir"
)

var makeGoldenDir = flag.Bool("make", false, "write "+name+" anew, with other times and ids; the golden outputs change with it")

// TestGoldenDirectoryOpens starts a store on the directory.
func TestGoldenDirectoryOpens(t *testing.T) {
	if *makeGoldenDir {
		writeGoldenDir(t)
	}
	path := filepath.Join(t.TempDir(), "data")
	if err := Copy(path); err != nil {
		t.Fatal(err)
	}
	err := WithStore(t.Context(), path, time.Hour, func(s *engine.Store) error {
		for key, want := range map[string]string{"user:1": "Ada Lovelace", "user:3": "Alan", "grüße": "世界", "empty": ""} {
			if got, _, ok := s.Get(nil, []byte(key)); !ok || string(got) != want {
				t.Errorf("%q: got %q, %v; want %q", key, got, ok, want)
			}
		}
		for _, key := range []string{"user:2", "user:4", "user:5", "never"} {
			if got, _, ok := s.Get(nil, []byte(key)); ok {
				t.Errorf("%q: got %q, want nothing", key, got)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// writeGoldenDir makes the directory with the engine.
func writeGoldenDir(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	foreign := engine.Version{Time: uint64(time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC).UnixMilli())<<16 | 7, Node: 0xabcdef}
	later := foreign
	later.Time++
	past := time.Date(2026, 1, 2, 4, 0, 0, 0, time.UTC).UnixMilli()
	future := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	binary := bytes.Repeat([]byte{0, 1, 2, 0xfe, 0xff, 'A'}, 100)
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(WithStore(t.Context(), path, time.Hour, func(s *engine.Store) error {
		ops := []engine.Op{}
		for _, kv := range [][2]string{
			{"user:1", "Ada"}, {"user:3", "Alan"}, {"user:4", "Mallory"}, {"grüße", "世界"}, {"empty", ""},
			{"image:7", string(binary)}, {"text:1", strings.Repeat("All work and no play. ", 100)},
			{"esc\x1b[31mred\r\n", "\x1b]0;title\a\u009b2J"}, {"\xff\xfe", "invalid UTF-8"}, {strings.Repeat("long", 100), "x"},
		} {
			ops = append(ops, engine.Op{Kind: engine.Set, Key: []byte(kv[0]), Value: []byte(kv[1])})
		}
		ops = append(ops, engine.Op{Kind: engine.Set, Key: []byte("session:9"), Value: []byte("token"), Expires: future})
		check(s.Commit(ops))
		_, err := s.Merge([]engine.Entry{
			{Key: []byte("user:2"), Value: []byte("Grace"), Version: foreign, Created: foreign2ns(foreign), Expires: past},
			{Key: []byte("user:6"), Version: later, Created: foreign2ns(later), Tombstone: true},
		})
		check(err)
		check(s.Delete([]byte("user:4")))
		return s.Checkpoint(context.Background())
	}))
	check(WithStore(t.Context(), path, 0, func(s *engine.Store) error {
		_, err := s.Set([]byte("user:1"), []byte("Ada Lovelace"), 0)
		check(err)
		_, err = s.Set([]byte("user:5"), []byte("Eve"), 0)
		check(err)
		check(s.Delete([]byte("user:5")))
		_, err = s.Expire([]byte("user:3"), future)
		return err
	}))
	for file, content := range map[string]string{
		datadir.GroupFile:  "[\n\t{\n\t\t\"Cmd\": \"\",\n\t\t\"Address\": \"127.0.0.1:7721\",\n\t\t\"Pass\": \"never-shown\",\n\t\t\"Token\": \"\"\n\t},\n\t{\n\t\t\"Cmd\": \"\",\n\t\t\"Address\": \"[::1]:7722\",\n\t\t\"Pass\": \"\",\n\t\t\"Token\": \"\"\n\t}\n]\n",
		datadir.GossipFile: "null\n",
	} {
		check(os.WriteFile(filepath.Join(path, file), []byte(content), 0o600))
	}
	check(os.Remove(filepath.Join(path, datadir.LockFile)))
	check(os.RemoveAll(name))
	check(os.CopyFS(name, os.DirFS(path)))
}

func foreign2ns(v engine.Version) int64 { return int64(v.Time>>16) * 1e6 }
