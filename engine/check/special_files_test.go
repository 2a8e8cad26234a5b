//go:build unix

package check

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"owlcache/engine"
	"owlcache/engine/datadir"
	"owlcache/engine/internal/testdir"
	"owlcache/engine/repair"
	"owlcache/engine/view"
)

// TestPipesAreRefused puts a pipe in the place of each file: nothing waits for its other
// end.
func TestPipesAreRefused(t *testing.T) {
	for _, name := range []string{datadir.NodeFile, datadir.SnapshotFile, datadir.LogDir + "/0000000000000002.wal"} {
		t.Run(filepath.Base(name), func(t *testing.T) {
			s := testdir.Start(t, t.TempDir(), engine.Options{})
			testdir.MustSet(t, s, "k", "v", 0)
			testdir.MustCheckpoint(t, s)
			testdir.MustStop(t, s)
			path := s.Dir.Path()
			file := filepath.Join(path, name)
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
			if err := syscall.Mkfifo(file, 0o600); err != nil {
				t.Fatal(err)
			}
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				var damage *engine.CorruptError
				v, err := view.Open(context.Background(), path, view.Options{})
				if err == nil {
					t.Error("a view of it", v.Close())
				} else if !errors.As(err, &damage) {
					t.Errorf("view: %v", err)
				}
				report, err := Run(context.Background(), path, Options{})
				if err == nil && report.Status != Fail {
					t.Errorf("check: %+v", report)
				}
				if _, err := repair.Run(context.Background(), repair.Options{Source: path}); err != nil {
					t.Logf("repair: %v", err)
				}
			}()
			select {
			case <-ended:
			case <-time.After(20 * time.Second):
				t.Fatal("something waits for the pipe")
			}
		})
	}
}

// TestNoSnapshotAtItsName: a link to nothing is no snapshot, a directory is damage; a
// view of either comes to an end and does not speak of another format.
func TestNoSnapshotAtItsName(t *testing.T) {
	for name, put := range map[string]func(path string) error{
		"link to nothing": func(path string) error { return os.Symlink(path+".gone", path) },
		"directory":       func(path string) error { return os.Mkdir(path, 0o700) },
	} {
		t.Run(name, func(t *testing.T) {
			s := testdir.WithLog(t, 3)
			testdir.MustCheckpoint(t, s)
			testdir.MustStop(t, s)
			if err := errors.Join(os.Remove(s.Dir.File(datadir.SnapshotFile)), put(s.Dir.File(datadir.SnapshotFile))); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			var damage *engine.CorruptError
			if _, err := view.Open(ctx, s.Dir.Path(), view.Options{}); !errors.As(err, &damage) || errors.Is(err, engine.ErrLegacy) {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestNewerIdentity: a newer format may have another rule for its checksum.
func TestNewerIdentity(t *testing.T) {
	s := testdir.WithLog(t, 3)
	testdir.MustStop(t, s)
	newer := []byte(`{"format":9,"node_id":"06e497e41a6479a4","created":"2026-11-22T10:50:17Z","crc":"00000000"}`)
	if err := os.WriteFile(s.Dir.File(datadir.NodeFile), newer, 0o600); err != nil {
		t.Fatal(err)
	}
	var format *datadir.FormatError
	if _, err := view.Open(context.Background(), s.Dir.Path(), view.Options{}); !errors.As(err, &format) {
		t.Fatalf("view: %v", err)
	}
	if _, err := Run(context.Background(), s.Dir.Path(), Options{}); !errors.As(err, &format) {
		t.Fatalf("check: %v", err)
	}
	if _, err := datadir.Open(s.Dir.Path()); !errors.As(err, &format) {
		t.Fatalf("start: %v", err)
	}
}
