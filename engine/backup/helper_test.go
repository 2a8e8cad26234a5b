package backup_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"owlcache/engine"
	"owlcache/engine/backup"
	"owlcache/engine/datadir"
	"owlcache/engine/view"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// store is an open store that fails its test instead of returning errors.
type store struct {
	*engine.Store
	dir *datadir.Dir
	t   testing.TB
}

func openStore(t testing.TB, path string) *store {
	t.Helper()
	dir, err := datadir.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	// Nothing is folded but when a test says so.
	s, err := engine.Open(t.Context(), dir, engine.Options{Sync: "no", CheckpointLogBytes: 1 << 40, SegmentSize: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	return &store{s, dir, t}
}

func (s *store) set(key, value string) {
	s.t.Helper()
	if _, err := s.Set([]byte(key), []byte(value), 0); err != nil {
		s.t.Fatal(err)
	}
}

func (s *store) get(key string) string {
	v, _, _ := s.Get(nil, []byte(key))
	return string(v)
}

func (s *store) checkpoint() {
	s.t.Helper()
	if err := s.Checkpoint(context.Background()); err != nil {
		s.t.Fatal(err)
	}
}

func (s *store) close() {
	s.t.Helper()
	if err := s.Close(); err != nil {
		s.t.Fatal(err)
	}
	if err := s.dir.Close(); err != nil {
		s.t.Fatal(err)
	}
}

// loaded makes a directory with a snapshot, a log behind it, and files beside it.
func loaded(t testing.TB) string {
	t.Helper()
	path := t.TempDir()
	s := openStore(t, path)
	for i := range 300 {
		s.set(fmt.Sprintf("key-%03d", i), fmt.Sprintf("value %d", i))
	}
	s.checkpoint()
	for i := range 100 {
		s.set(fmt.Sprintf("key-%03d", 2*i), fmt.Sprintf("newer %d", i))
	}
	if err := s.Delete([]byte("key-001")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Expire([]byte("key-003"), 1); err != nil {
		t.Fatal(err)
	}
	s.close()
	for name, content := range map[string]string{
		datadir.SecretFile: `{"password":"correct horse"}`, datadir.GroupFile: `[{"Address":"192.0.2.1:7721"}]`,
		datadir.PeersFile: `[]`, datadir.SitesFile: `<sites><site/></sites>`,
	} {
		write(t, filepath.Join(path, name), []byte(content))
	}
	return path
}

func write(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// archive returns a backup of the directory.
func archive(t testing.TB, path string, o backup.Options) ([]byte, *backup.Manifest) {
	t.Helper()
	var b bytes.Buffer
	m, err := backup.Write(context.Background(), path, &b, o)
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), m
}

// restore restores into a new directory.
func restore(t testing.TB, archive []byte, o backup.RestoreOptions) (string, *backup.Restored) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "restored")
	r, err := backup.Restore(context.Background(), bytes.NewReader(archive), path, o)
	if err != nil {
		t.Fatal(err)
	}
	return path, r
}

// content returns all live entries of a directory. It is opened as a node does, and
// looked into as the tools do: both must agree.
func content(t testing.TB, path string) map[string]string {
	t.Helper()
	view, err := view.Open(context.Background(), path, view.Options{})
	if err != nil {
		t.Fatal(err)
	}
	all, now := map[string]string{}, time.Now().UnixMilli()
	err = view.Entries(context.Background(), nil, func(e *engine.Entry) error {
		if e.Live(now) {
			all[string(e.Key)] = string(e.Value)
		}
		return nil
	})
	if err := errors.Join(err, view.Close()); err != nil {
		t.Fatal(err)
	}
	s := openStore(t, path)
	defer s.close()
	if n := s.Stats().Keys; n < int64(len(all)) {
		t.Errorf("a node finds %d keys, %d can be seen", n, len(all))
	}
	for key, value := range all {
		if got := s.get(key); got != value {
			t.Errorf("a node finds %q under %q, %q can be seen", got, key, value)
		}
	}
	return all
}

// tree returns the content of all files below path by their names.
func tree(t testing.TB, path string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(path, file)
		all[rel] = string(read(t, file))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// stream hides that a reader can seek.
type stream struct{ io.Reader }
