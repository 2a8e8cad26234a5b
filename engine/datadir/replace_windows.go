package datadir

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
)

// replace writes a temporary file, makes it durable and renames it to path. Its name is
// one that IsLeftover knows.
func replace(path string, content []byte, perm os.FileMode) error {
	dir, name := filepath.Split(path)
	f, err := os.OpenFile(filepath.Join(dir, "."+name+strconv.FormatInt(rand.Int64(), 10)), os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// SyncDir does nothing: Windows has no call that makes the names in a directory durable.
func SyncDir(string) error { return nil }
