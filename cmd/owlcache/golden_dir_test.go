package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"owlcache/engine"
	"owlcache/engine/datadir"
)

// goldenDir is a data directory of format 1 with a snapshot, a log, groups, and much
// that is unusual. Its bytes are that format: every later version must read them.
const goldenDir = "testdata/dir-v1"

var makeGoldenDir = flag.Bool("make-golden-dir", false, "write "+goldenDir+" anew, with other times and ids; the golden outputs change with it")

// copyGoldenDir copies goldenDir to path, which does not exist, with the modes of a
// data directory.
func copyGoldenDir(source, path string) error {
	if err := os.CopyFS(path, os.DirFS(source)); err != nil {
		return err
	}
	return filepath.WalkDir(path, func(name string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			return os.Chmod(name, 0o700)
		}
		return os.Chmod(name, 0o600)
	})
}

// scriptGoldenDir copies goldenDir: goldendir DIR
func scriptGoldenDir(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(copyGoldenDir(goldenDir, ts.MkAbs(args[0])))
}

// TestGoldenDirectoryOpens starts a store on the directory.
func TestGoldenDirectoryOpens(t *testing.T) {
	if *makeGoldenDir {
		writeGoldenDir(t)
	}
	path := filepath.Join(t.TempDir(), "data")
	if err := copyGoldenDir(goldenDir, path); err != nil {
		t.Fatal(err)
	}
	err := withStore(t, path, time.Hour, func(s *engine.Store) error {
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

// withStore runs do with a store on the directory at path.
func withStore(t *testing.T, path string, grace time.Duration, do func(s *engine.Store) error) error {
	dir, err := datadir.Open(path)
	if err != nil {
		return err
	}
	s, err := engine.Open(t.Context(), dir, engine.Options{TombstoneGrace: grace, SweepInterval: math.MaxInt64})
	if err != nil {
		return errors.Join(err, dir.Close())
	}
	return errors.Join(do(s), s.Close(), dir.Close())
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
	check(withStore(t, path, time.Hour, func(s *engine.Store) error {
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
	check(withStore(t, path, 0, func(s *engine.Store) error {
		_, err := s.Set([]byte("user:1"), []byte("Ada Lovelace"), 0)
		check(err)
		_, err = s.Set([]byte("user:5"), []byte("Eve"), 0)
		check(err)
		check(s.Delete([]byte("user:5")))
		_, err = s.Expire([]byte("user:3"), future)
		return err
	}))
	for name, content := range map[string]string{
		datadir.GroupFile:  "[\n\t{\n\t\t\"Cmd\": \"\",\n\t\t\"Address\": \"127.0.0.1:7721\",\n\t\t\"Pass\": \"never-shown\",\n\t\t\"Token\": \"\"\n\t},\n\t{\n\t\t\"Cmd\": \"\",\n\t\t\"Address\": \"[::1]:7722\",\n\t\t\"Pass\": \"\",\n\t\t\"Token\": \"\"\n\t}\n]\n",
		datadir.GossipFile: "null\n",
	} {
		check(os.WriteFile(filepath.Join(path, name), []byte(content), 0o600))
	}
	check(os.Remove(filepath.Join(path, datadir.LockFile)))
	check(os.RemoveAll(goldenDir))
	check(os.CopyFS(goldenDir, os.DirFS(path)))
}

func foreign2ns(v engine.Version) int64 { return int64(v.Time>>16) * 1e6 }
