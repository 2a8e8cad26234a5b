package backup_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"owlcache/engine"
	"owlcache/engine/backup"
	"owlcache/engine/datadir"
)

// entry is a file in an archive.
type entry struct {
	header  tar.Header
	content []byte
}

// unpack reads an archive with nothing but zstd and tar.
func unpack(t testing.TB, archive []byte) (list []entry) {
	t.Helper()
	z, err := zstd.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	r := tar.NewReader(z)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, entry{*h, b})
	}
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// pack is the inverse of unpack.
func pack(t testing.TB, list []entry) []byte {
	t.Helper()
	var plain bytes.Buffer
	w := tar.NewWriter(&plain)
	for _, e := range list {
		if err := w.WriteHeader(&e.header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(e.content); err != nil && !errors.Is(err, tar.ErrWriteTooLong) {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return compress(t, plain.Bytes())
}

func compress(t testing.TB, plain []byte) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = z.Close() }()
	return z.EncodeAll(plain, nil)
}

func TestArchive(t *testing.T) {
	path := loaded(t)
	before := time.Now().Truncate(time.Second)
	b, m := archive(t, path, backup.Options{Version: "1.2.3"})
	list := unpack(t, b)
	var names []string
	for i, e := range list {
		names = append(names, e.header.Name)
		h := &e.header
		if h.Mode != 0o600 || h.Uid != 0 || h.Gid != 0 || h.Uname != "" || h.Gname != "" || h.Typeflag != tar.TypeReg || !h.ModTime.Equal(m.Taken) {
			t.Errorf("%s: %+v", h.Name, h)
		}
		if i == len(m.Files) {
			break
		}
		if want := (backup.File{Name: h.Name, Size: int64(len(e.content)), SHA256: sum(e.content)}); m.Files[i] != want {
			t.Errorf("file %d: %+v, want %+v", i, m.Files[i], want)
		}
	}
	logs := names[6 : len(names)-1]
	want := []string{"node.json", "secret.json", "server_group_config.json", "peers.json", "sites.xml", "owlcache.db"}
	want = append(append(want, logs...), "manifest.json")
	if diff := cmp.Diff(want, names); diff != "" || len(logs) == 0 || !slices.IsSorted(logs) || !strings.HasPrefix(logs[0], "wal/0") {
		t.Errorf("files: %s%q", diff, logs)
	}
	var inside backup.Manifest
	if err := json.Unmarshal(list[len(list)-1].content, &inside); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m, &inside); diff != "" {
		t.Error(diff)
	}
	if m.Taken.Before(before) || m.Taken.After(time.Now()) {
		t.Errorf("taken %v", m.Taken)
	}
	m.Taken, m.Files, m.NodeID, m.Bytes = time.Time{}, nil, "", 0
	if diff := cmp.Diff(&backup.Manifest{Format: 1, Version: "1.2.3", SnapshotLSN: 300, LastLSN: 402, Counts: backup.Counts{Keys: 298, Expired: 1}}, m); diff != "" {
		t.Error(diff)
	}
}

func TestRoundTrip(t *testing.T) {
	fresh := t.TempDir()
	openStore(t, fresh).close()

	logOnly := t.TempDir()
	s := openStore(t, logOnly)
	s.set("a", "b")
	s.close()

	torn := loaded(t)
	tear(t, torn)

	noNode := loaded(t)
	if err := os.Remove(filepath.Join(noNode, datadir.NodeFile)); err != nil {
		t.Fatal(err)
	}

	for name, path := range map[string]string{"fresh": fresh, "log only": logOnly, "loaded": loaded(t), "torn": torn, "without identity": noNode} {
		t.Run(name, func(t *testing.T) {
			before := tree(t, path)
			b, m := archive(t, path, backup.Options{Store: name == "loaded"})
			if diff := cmp.Diff(before, tree(t, path)); diff != "" {
				t.Errorf("the backup changed the directory: %s", diff)
			}
			if got, err := backup.Verify(t.Context(), bytes.NewReader(b), int64(len(b)), nil); err != nil || !cmp.Equal(got, m) {
				t.Errorf("verify: %v, %v", got, err)
			}
			restored, r := restore(t, b, backup.RestoreOptions{})
			if r.Path != restored || !cmp.Equal(r.Manifest, m) {
				t.Errorf("%+v", r)
			}
			want := tree(t, path)
			got := tree(t, restored)
			for _, f := range m.Files {
				if !strings.HasPrefix(got[f.Name], want[f.Name]) && !strings.HasPrefix(want[f.Name], got[f.Name]) {
					t.Errorf("%s differs", f.Name)
				}
			}
			if len(got) != len(m.Files) {
				t.Errorf("%d files, want %d", len(got), len(m.Files))
			}
			checkModes(t, restored)
			// Last, because it changes the directories.
			if diff := cmp.Diff(content(t, path), content(t, restored)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// tear adds the beginning of a record to the log.
func tear(t testing.TB, path string) {
	t.Helper()
	segments, err := filepath.Glob(filepath.Join(path, "wal", "*.wal"))
	if err != nil || len(segments) < 2 {
		t.Fatal(segments, err)
	}
	// A log that was closed ends with an empty segment: without it, the one before
	// is the last.
	if err := os.Remove(segments[len(segments)-1]); err != nil {
		t.Fatal(err)
	}
	last := segments[len(segments)-2]
	b := read(t, last)
	write(t, last, b[:len(b)-3])
}

func checkModes(t testing.TB, path string) {
	t.Helper()
	for name := range tree(t, path) {
		if fi, err := os.Stat(filepath.Join(path, name)); err != nil || fi.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v", name, fi.Mode(), err)
		}
	}
	for _, dir := range []string{path, filepath.Join(path, "wal")} {
		if fi, err := os.Stat(dir); err != nil || fi.Mode().Perm() != 0o700 {
			t.Errorf("%s: mode %v, %v", dir, fi.Mode(), err)
		}
	}
}

func TestStreamIsRestored(t *testing.T) {
	path := loaded(t)
	b, _ := archive(t, path, backup.Options{})
	target := t.TempDir()
	write(t, filepath.Join(target, "README.md"), []byte("about this directory"))
	if _, err := backup.Restore(t.Context(), stream{bytes.NewReader(b)}, target, backup.RestoreOptions{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(content(t, path), content(t, target)); diff != "" {
		t.Error(diff)
	}
}

func TestWithoutSecrets(t *testing.T) {
	b, _ := archive(t, loaded(t), backup.Options{WithoutSecrets: true})
	for _, e := range unpack(t, b) {
		if e.header.Name == datadir.SecretFile || bytes.Contains(e.content, []byte("correct horse")) {
			t.Errorf("%s has the secret", e.header.Name)
		}
	}
	path, _ := restore(t, b, backup.RestoreOptions{})
	if _, err := os.Stat(filepath.Join(path, datadir.SecretFile)); !os.IsNotExist(err) {
		t.Error(err)
	}
}

func TestNewNode(t *testing.T) {
	path := loaded(t)
	b, m := archive(t, path, backup.Options{})
	restored, r := restore(t, b, backup.RestoreOptions{NewNode: true})
	names := slices.Sorted(maps.Keys(tree(t, restored)))
	if slices.Contains(names, datadir.PeersFile) || slices.Contains(names, datadir.LockFile) || !slices.Contains(names, datadir.SecretFile) {
		t.Errorf("files %q", names)
	}
	dir, err := datadir.Open(restored)
	if err != nil {
		t.Fatal(err)
	}
	if id := dir.NodeID(); id != r.NodeID || id == 0 || m.NodeID == hex.EncodeToString([]byte{byte(id >> 56), byte(id >> 48), byte(id >> 40), byte(id >> 32), byte(id >> 24), byte(id >> 16), byte(id >> 8), byte(id)}) {
		t.Errorf("node id %x, reported %x, in the backup %s", id, r.NodeID, m.NodeID)
	}
	if err := dir.Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(content(t, path), content(t, restored)); diff != "" {
		t.Error(diff)
	}
}

func TestWriteFindsDamage(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, path string){
		"value": func(t *testing.T, path string) {
			flip(t, filepath.Join(path, datadir.SnapshotFile), []byte("value 99"))
		},
		"record": func(t *testing.T, path string) {
			for _, f := range segments(t, path) {
				if i := bytes.Index(read(t, f), []byte("newer 7")); i > 0 {
					flip(t, f, []byte("newer 7"))
					return
				}
			}
			t.Fatal("no such record")
		},
		"segment":     func(t *testing.T, path string) { remove(t, segments(t, path)[0]) },
		"no snapshot": func(t *testing.T, path string) { remove(t, filepath.Join(path, datadir.SnapshotFile)) },
		"node.json": func(t *testing.T, path string) {
			write(t, filepath.Join(path, datadir.NodeFile), []byte(`{"format":1}`))
		},
		"secret.json": func(t *testing.T, path string) {
			write(t, filepath.Join(path, datadir.SecretFile), []byte(`{"password"`))
		},
		"group": func(t *testing.T, path string) { write(t, filepath.Join(path, datadir.GroupFile), nil) },
		"sites.xml": func(t *testing.T, path string) {
			write(t, filepath.Join(path, datadir.SitesFile), []byte("<a><b></a>"))
		},
		"short page": func(t *testing.T, path string) { truncate(t, filepath.Join(path, datadir.SnapshotFile), 20000) },
	} {
		t.Run(name, func(t *testing.T) {
			path := loaded(t)
			damage(t, path)
			var b bytes.Buffer
			m, err := backup.Write(t.Context(), path, &b, backup.Options{})
			var corrupt *engine.CorruptError
			if !errors.As(err, &corrupt) || m != nil {
				t.Fatalf("%v, %v", m, err)
			}
			if _, err := backup.Verify(t.Context(), &b, 0, nil); err == nil {
				t.Error("what was written is a whole archive")
			}
		})
	}
}

// segments returns the paths of the log, those with records.
func segments(t testing.TB, path string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(path, "wal", "*.wal"))
	if err != nil || len(list) < 2 {
		t.Fatal(list, err)
	}
	return list
}

func remove(t testing.TB, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func truncate(t testing.TB, path string, size int64) {
	t.Helper()
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
}

// flip changes a byte where the text is in a file.
func flip(t testing.TB, path string, text []byte) {
	t.Helper()
	b := read(t, path)
	i := bytes.Index(b, text)
	if i < 0 {
		t.Fatalf("%q is not in %s", text, path)
	}
	b[i] ^= 1
	write(t, path, b)
}

func TestWriteStops(t *testing.T) {
	path := loaded(t)
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := backup.Write(ctx, path, io.Discard, backup.Options{}); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	t.Run("writer fails", func(t *testing.T) {
		want := errors.New("broken")
		if _, err := backup.Write(t.Context(), path, failing{want}, backup.Options{}); !errors.Is(err, want) {
			t.Error(err)
		}
	})
	t.Run("no directory", func(t *testing.T) {
		if _, err := backup.Write(t.Context(), t.TempDir(), io.Discard, backup.Options{}); err == nil {
			t.Error("an empty directory was backed up")
		}
	})
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
