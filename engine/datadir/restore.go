package datadir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// RestoreDir is where the command restore makes a data directory, in the directory
// that it restores into. It is gone when that is whole.
const RestoreDir = ".restore" + TmpSuffix

// UnfinishedRestore returns the error for a directory in which a restore has not been
// finished: part of what is to be there may be missing.
func UnfinishedRestore(path string) error {
	return fmt.Errorf("%s is not whole: a restore into it is running, or was interrupted; unless one is running, remove all that is in the directory, also %s, and restore again",
		path, RestoreDir)
}

// checkRestored refuses a directory in which a restore has not been finished.
func checkRestored(path string) error {
	if _, err := os.Lstat(filepath.Join(path, RestoreDir)); err == nil {
		return UnfinishedRestore(path)
	} else if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
		return err
	}
	return nil
}
