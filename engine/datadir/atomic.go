package datadir

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// WriteFile replaces the file name in the directory: after a crash it is there
// with its old or its new content, whole.
func (d *Dir) WriteFile(name string, content []byte, perm os.FileMode) error {
	return Replace(d.File(name), content, perm)
}

// Replace is WriteFile for the file at path. The temporary file lies beside it, where
// the next Open of the directory removes one that was left behind.
func Replace(path string, content []byte, perm os.FileMode) error {
	if err := replace(path, content, perm); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return SyncDir(filepath.Dir(path))
}

// WriteJSON is WriteFile of v as tab-indented JSON.
func (d *Dir) WriteJSON(name string, v any, perm os.FileMode) error {
	b, err := json.MarshalIndent(v, "", "\t")
	if err != nil {
		return err
	}
	return d.WriteFile(name, append(b, '\n'), perm)
}

func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
