// Package goldendir has a data directory of format 1 for the tests of the commands. Its bytes are
// that format: every later version must read them.
//
//	path := goldendir.Temp(t) // of a copy that the test may change
package goldendir

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"owlcache/engine"
	"owlcache/engine/datadir"
)

// name is that of the directory here. It has a snapshot, a log, groups, and much that is unusual.
const name = "dir-v1"

//go:embed dir-v1
var content embed.FS

// Copy copies the directory to path, which does not exist.
func Copy(path string) error {
	dir, err := fs.Sub(content, name)
	if err != nil {
		return err
	}
	return CopyDir(dir, path)
}

// Temp returns a copy that is removed at the end of the test.
func Temp(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "data")
	if err := Copy(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// CopyDir copies a data directory to path, which does not exist, with the modes of one.
func CopyDir(source fs.FS, path string) error {
	if err := os.CopyFS(path, source); err != nil {
		return err
	}
	return filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			return os.Chmod(name, 0o700)
		}
		return os.Chmod(name, 0o600)
	})
}

// WithStore runs do with a store on the directory at path.
func WithStore(ctx context.Context, path string, grace time.Duration, do func(s *engine.Store) error) error {
	dir, err := datadir.Open(path)
	if err != nil {
		return err
	}
	s, err := engine.Open(ctx, dir, engine.Options{TombstoneGrace: grace, SweepInterval: math.MaxInt64})
	if err != nil {
		return errors.Join(err, dir.Close())
	}
	return errors.Join(do(s), s.Close(), dir.Close())
}
