package datadir

import (
	"errors"
	"os"
)

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
