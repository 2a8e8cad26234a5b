package datadir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// Look opens a data directory for reading alone, whether a process uses it or not:
// holder is what LOCK says of that process, and empty if there is none. Nothing is
// locked: the directory may change while it is read.
func Look(path string) (s *Source, holder string, err error) {
	if path, err = filepath.Abs(path); err != nil {
		return nil, "", err
	}
	if err := looksLikeData(path); err != nil {
		return nil, "", err
	}
	s = &Source{path: path}
	holder, err = s.holder()
	return s, holder, err
}

// holder returns what LOCK says of the process that holds it.
func (s *Source) holder() (string, error) {
	if _, err := os.Lstat(s.File(LockFile)); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	lock := flock.New(s.File(LockFile), flock.SetFlag(os.O_RDONLY))
	// Only for a moment: a node that starts right now tries again (see Open).
	free, err := lock.TryRLock()
	if err != nil {
		return "", fmt.Errorf("lock of data directory %s: %w", s.path, err)
	}
	if free {
		return "", lock.Close()
	}
	return (&Dir{path: s.path}).holder(), lock.Close()
}
