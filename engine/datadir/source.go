package datadir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

// Source is a data directory that is only read: nothing in it is made, removed or
// changed, whatever state it is in.
type Source struct{ place }

// OpenSource opens a data directory for reading alone and keeps nodes from starting
// on it, if it has a lock file. A *LockedError says which process uses it.
func OpenSource(path string) (*Source, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := looksLikeData(path); err != nil {
		return nil, err
	}
	s := &Source{place{path: path}}
	if _, err := os.Lstat(s.File(LockFile)); errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	// Neither made nor written: a node that starts meanwhile finds it locked.
	s.lock = flock.New(s.File(LockFile), flock.SetFlag(os.O_RDONLY))
	locked, err := s.lock.TryRLock()
	if err != nil {
		return nil, fmt.Errorf("lock data directory %s: %w", path, err)
	}
	if !locked {
		return nil, &LockedError{Path: path, Holder: s.holder()}
	}
	return s, nil
}

// looksLikeData refuses a directory that holds nothing of a node, or not all that it
// should, since a restore has not been finished.
func looksLikeData(path string) error {
	if err := checkRestored(path); err != nil {
		return err
	}
	if _, err := os.ReadDir(path); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	for _, name := range []string{NodeFile, SnapshotFile, LogDir} {
		if _, err := os.Lstat(filepath.Join(path, name)); !errors.Is(err, fs.ErrNotExist) {
			return nil
		}
	}
	return fmt.Errorf("%s is no data directory: there is neither %s nor %s nor %s in it", path, NodeFile, SnapshotFile, LogDir)
}

// Identity returns the node's id and when it was made. A *FormatError is returned
// if the directory has a newer format than this program knows.
func (s *Source) Identity() (id uint64, created time.Time, err error) {
	n, err := readNode(s.File(NodeFile))
	return n.id, n.created, err
}

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
	s = &Source{place{path: path}}
	holder, err = s.lockedBy()
	return s, holder, err
}

// lockedBy returns what LOCK says of the process that holds it, if one does.
func (s *Source) lockedBy() (string, error) {
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
	return s.holder(), lock.Close()
}

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
