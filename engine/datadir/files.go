package datadir

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// ErrNotRegular is returned for a pipe, a device or a directory where a file should be.
var ErrNotRegular = errors.New("it is no regular file")

// OpenRegular opens a file for reading. Unlike os.Open it never waits for the other end
// of a pipe that has the name: what is no regular file is ErrNotRegular.
func OpenRegular(path string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Clean(path), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	fi, err := f.Stat()
	if err == nil && !fi.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: path, Err: ErrNotRegular}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// MaxSmallFile is how long a file beside the data may be, in bytes.
const MaxSmallFile = 16 << 20

// ReadSmallFile reads a file that is not longer than MaxSmallFile.
func ReadSmallFile(path string) ([]byte, error) {
	f, err := OpenRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	b, err := io.ReadAll(io.LimitReader(f, MaxSmallFile+1))
	if err == nil && len(b) > MaxSmallFile {
		err = fmt.Errorf("%s is longer than %d bytes", path, MaxSmallFile)
	}
	return b, err
}

// FilesSize returns the length of all files in a directory, such as that of the log.
func FilesSize(path string) (sum int64, err error) {
	entries, err := os.ReadDir(path)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	for _, e := range entries {
		if fi, err := e.Info(); err == nil { // only for progress
			sum += fi.Size()
		}
	}
	return sum, err
}

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
