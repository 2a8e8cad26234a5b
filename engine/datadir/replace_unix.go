//go:build !windows

package datadir

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// replace writes a temporary file, makes it durable and renames it to path.
func replace(path string, content []byte, perm os.FileMode) error {
	return renameio.WriteFile(path, content, perm, renameio.WithTempDir(filepath.Dir(path)), renameio.IgnoreUmask())
}

// SyncDir makes the names in a directory durable.
func SyncDir(path string) error {
	f, err := os.Open(filepath.Clean(path))
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
