package datadir

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/google/renameio/v2"
)

// WriteFile replaces the file name in the directory: after a crash it is there
// with its old or its new content, whole.
func (d *Dir) WriteFile(name string, content []byte, perm os.FileMode) error {
	path := d.File(name)
	// The temporary file must lie beside it, where removeLeftovers finds it.
	err := renameio.WriteFile(path, content, perm, renameio.WithTempDir(d.path), renameio.IgnoreUmask())
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return SyncDir(d.path)
}

// WriteJSON is WriteFile of v as tab-indented JSON.
func (d *Dir) WriteJSON(name string, v any, perm os.FileMode) error {
	b, err := json.MarshalIndent(v, "", "\t")
	if err != nil {
		return err
	}
	return d.WriteFile(name, append(b, '\n'), perm)
}

// SyncDir makes the names in a directory durable.
func SyncDir(path string) error {
	f, err := os.Open(filepath.Clean(path))
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
