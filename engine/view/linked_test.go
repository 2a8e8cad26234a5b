//go:build unix

package view

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/testdir"
)

// TestLinkedSegment: a segment that is a link to a file elsewhere is as good as a file.
func TestLinkedSegment(t *testing.T) {
	s := testdir.WithLog(t, 10)
	testdir.MustStop(t, s)
	path := s.Dir.Path()
	segments, err := filepath.Glob(filepath.Join(path, datadir.LogDir, "*.wal"))
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := filepath.Join(t.TempDir(), "segment")
	if err := errors.Join(os.Rename(segments[0], elsewhere), os.Symlink(elsewhere, segments[0])); err != nil {
		t.Fatal(err)
	}
	wantSame(t, "linked", viewed(t, path, Options{}, nil), s.Contents())
}
