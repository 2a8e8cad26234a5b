package backup_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"owlcache/engine/backup"
	"owlcache/engine/datadir"
	"owlcache/engine/view"
)

func TestTargetMustBeEmpty(t *testing.T) {
	b, _ := archive(t, loaded(t), backup.Options{})
	for _, name := range []string{"owlcache.db", "LOCK", "wal/x", "anything", datadir.RestoreDir + "/x"} {
		t.Run(name, func(t *testing.T) {
			path := t.TempDir()
			file := filepath.Join(path, name)
			if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
				t.Fatal(err)
			}
			write(t, file, []byte("mine"))
			before := tree(t, path)
			if _, err := backup.Restore(t.Context(), bytes.NewReader(b), path, backup.RestoreOptions{}); !errors.Is(err, backup.ErrTarget) {
				t.Error(err)
			}
			if diff := cmp.Diff(before, tree(t, path)); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("file", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "file")
		write(t, path, nil)
		if _, err := backup.Restore(t.Context(), bytes.NewReader(b), path, backup.RestoreOptions{}); !errors.Is(err, backup.ErrTarget) {
			t.Error(err)
		}
	})
}

// A restore that ends early, wherever that is, leaves the target as it was.
func TestRestoreStops(t *testing.T) {
	b, _ := archive(t, loaded(t), backup.Options{})
	parent := t.TempDir()
	there := filepath.Join(parent, "there")
	if err := os.Mkdir(there, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(there, "README.md"), []byte("mine"))
	stopped := 0
	for at := 0; ; at++ {
		ctx := &countdown{Context: context.Background()}
		ctx.left.Store(int64(at))
		path := there
		if at%2 == 0 {
			path = filepath.Join(parent, "new")
		}
		_, err := backup.Restore(ctx, bytes.NewReader(b), path, backup.RestoreOptions{})
		if err == nil {
			break
		}
		stopped++
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("step %d: %v", at, err)
		}
		if diff := cmp.Diff(map[string]string{"there/README.md": "mine"}, tree(t, parent)); diff != "" {
			t.Fatalf("step %d: %s", at, diff)
		}
		if _, err := os.Stat(filepath.Join(parent, "new")); !os.IsNotExist(err) {
			t.Fatalf("step %d: %v", at, err)
		}
		if fi, err := os.Stat(there); err != nil || fi.Mode().Perm() != 0o755 {
			t.Fatalf("step %d: %v, %v", at, fi.Mode(), err)
		}
	}
	if stopped < 5 {
		t.Errorf("only %d places to stop", stopped)
	}
}

// countdown is a context that ends after it has been asked a number of times.
type countdown struct {
	context.Context
	left atomic.Int64
}

func (c *countdown) Err() error {
	if c.left.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

// What a crash leaves at any moment is nothing, or refused, or whole.
func TestCrashWhileRestoring(t *testing.T) {
	whole, _ := restore(t, firstOf(archive(t, loaded(t), backup.Options{})), backup.RestoreOptions{})
	want := content(t, whole)
	entries, err := os.ReadDir(whole)
	if err != nil {
		t.Fatal(err)
	}
	for moved := 0; moved <= len(entries); moved++ {
		path := t.TempDir()
		tmp := filepath.Join(path, datadir.RestoreDir)
		if err := os.Mkdir(tmp, 0o700); err != nil {
			t.Fatal(err)
		}
		for i, e := range entries {
			to := path
			if i >= moved {
				to = tmp
			}
			if err := copyTree(to, whole, e.Name()); err != nil {
				t.Fatal(err)
			}
		}
		before := tree(t, path)
		for name, open := range map[string]func() error{
			"node":   func() error { _, err := datadir.Open(path); return err },
			"repair": func() error { _, err := datadir.OpenSource(path); return err },
			"look":   func() error { _, err := view.Open(t.Context(), path, view.Options{}); return err },
			"backup": func() error { _, err := backup.Write(t.Context(), path, io.Discard, backup.Options{}); return err },
		} {
			if err := open(); err == nil || !strings.Contains(err.Error(), datadir.RestoreDir) {
				t.Errorf("%s, %d moved: %v", name, moved, err)
			}
		}
		if diff := cmp.Diff(before, tree(t, path)); diff != "" {
			t.Error(diff)
		}
		if moved == len(entries) {
			remove(t, tmp)
			if diff := cmp.Diff(want, content(t, path)); diff != "" {
				t.Error(diff)
			}
		}
	}
}

func firstOf(b []byte, _ *backup.Manifest) []byte { return b }

// copyTree copies the file or directory called name.
func copyTree(to, from, name string) error {
	if fi, err := os.Stat(filepath.Join(from, name)); err != nil || fi.IsDir() {
		return errors.Join(err, os.CopyFS(filepath.Join(to, name), os.DirFS(filepath.Join(from, name))))
	}
	b, err := os.ReadFile(filepath.Join(from, name))
	return errors.Join(err, os.WriteFile(filepath.Join(to, name), b, 0o600))
}
