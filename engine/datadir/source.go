package datadir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// Source is a data directory that is only read: nothing in it is made, removed or
// changed, whatever state it is in.
type Source struct {
	path string
	lock *flock.Flock // nil if there is no lock file
}

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
	s := &Source{path: path}
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
		return nil, &LockedError{Path: path, Holder: (&Dir{path: path}).holder()}
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

// Path returns the absolute path of the directory.
func (s *Source) Path() string { return s.path }

// File returns the path of a file in the directory.
func (s *Source) File(name string) string { return filepath.Join(s.path, name) }

// Identity returns the node's id and when it was made. A *FormatError is returned
// if the directory has a newer format than this program knows.
func (s *Source) Identity() (id uint64, created time.Time, err error) {
	n, err := readNode(s.File(NodeFile))
	return n.id, n.created, err
}

// Close releases the lock.
func (s *Source) Close() error {
	if s.lock == nil {
		return nil
	}
	return s.lock.Unlock()
}

// IsLeftover tells whether a file of this name is what an interrupted write leaves:
// Open removes it.
func IsLeftover(name string) bool {
	return strings.HasSuffix(name, TmpSuffix) || leftover.MatchString(name)
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
