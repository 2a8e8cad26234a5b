//go:build unix

package engine

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"owlcache/engine/datadir"
)

// TestPipesAreRefused puts a pipe in the place of each file: nothing waits for its other
// end.
func TestPipesAreRefused(t *testing.T) {
	for _, name := range []string{datadir.NodeFile, datadir.SnapshotFile, datadir.LogDir + "/0000000000000002.wal"} {
		t.Run(filepath.Base(name), func(t *testing.T) {
			s := startNode(t, t.TempDir(), Options{})
			mustSet(t, s, "k", "v", 0)
			mustCheckpoint(t, s)
			mustStop(t, s)
			path := s.dir.Path()
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
				var damage *CorruptError
				v, err := OpenView(context.Background(), path, ViewOptions{})
				if err == nil {
					t.Error("a view of it", v.Close())
				} else if !errors.As(err, &damage) {
					t.Errorf("view: %v", err)
				}
				report, err := Check(context.Background(), path, CheckOptions{})
				if err == nil && report.Status != CheckFail {
					t.Errorf("check: %+v", report)
				}
				if _, err := Repair(context.Background(), RepairOptions{Source: path}); err != nil {
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

// TestLinkedSegment: a segment that is a link to a file elsewhere is as good as a file.
func TestLinkedSegment(t *testing.T) {
	s := withLog(t, 10)
	mustStop(t, s)
	path := s.dir.Path()
	segments, err := filepath.Glob(filepath.Join(path, datadir.LogDir, "*.wal"))
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := filepath.Join(t.TempDir(), "segment")
	if err := errors.Join(os.Rename(segments[0], elsewhere), os.Symlink(elsewhere, segments[0])); err != nil {
		t.Fatal(err)
	}
	wantSame(t, "linked", viewed(t, path, ViewOptions{}, nil), s.held())
}

// TestNoSnapshotAtItsName: a link to nothing is no snapshot, a directory is damage; a
// view of either comes to an end and does not speak of another format.
func TestNoSnapshotAtItsName(t *testing.T) {
	for name, put := range map[string]func(path string) error{
		"link to nothing": func(path string) error { return os.Symlink(path+".gone", path) },
		"directory":       func(path string) error { return os.Mkdir(path, 0o700) },
	} {
		t.Run(name, func(t *testing.T) {
			s := withLog(t, 3)
			mustCheckpoint(t, s)
			mustStop(t, s)
			if err := errors.Join(os.Remove(s.snapshotPath()), put(s.snapshotPath())); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			var damage *CorruptError
			if _, err := OpenView(ctx, s.dir.Path(), ViewOptions{}); !errors.As(err, &damage) || errors.Is(err, ErrLegacy) {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestNewerIdentity: a newer format may have another rule for its checksum.
func TestNewerIdentity(t *testing.T) {
	s := withLog(t, 3)
	mustStop(t, s)
	newer := []byte(`{"format":9,"node_id":"06e497e41a6479a4","created":"2026-11-22T10:50:17Z","crc":"00000000"}`)
	if err := os.WriteFile(s.dir.File(datadir.NodeFile), newer, 0o600); err != nil {
		t.Fatal(err)
	}
	var format *datadir.FormatError
	if _, err := OpenView(context.Background(), s.dir.Path(), ViewOptions{}); !errors.As(err, &format) {
		t.Fatalf("view: %v", err)
	}
	if _, err := Check(context.Background(), s.dir.Path(), CheckOptions{}); !errors.As(err, &format) {
		t.Fatalf("check: %v", err)
	}
	if _, err := datadir.Open(s.dir.Path()); !errors.As(err, &format) {
		t.Fatalf("start: %v", err)
	}
}
