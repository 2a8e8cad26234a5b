package held

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/gofrs/flock"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
)

// lockPoll is how often the lock of the snapshot is tried while a checkpoint has it.
const lockPoll = 2 * time.Millisecond

// Snapshot is the file of a snapshot, locked as bbolt does for reading, so that it does
// not change.
type Snapshot struct {
	Path string
	File *os.File
	Size int64 // in bytes

	lock *flock.Flock
}

// lockSnapshot locks the file at path and opens it. While a checkpoint has it, that is
// waited for. It returns an error that is fs.ErrNotExist if there is no file.
func lockSnapshot(ctx context.Context, path string, waiting func()) (*Snapshot, error) {
	for {
		s, err := tryLock(path)
		if s != nil || err != nil {
			return s, err
		}
		if waiting != nil {
			waiting()
			waiting = nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(lockPoll):
		}
	}
}

// tryLock returns nil if somebody writes the file.
func tryLock(path string) (*Snapshot, error) {
	// The lock would make the file, or wait for the other end of a pipe.
	if fi, err := os.Stat(path); err != nil {
		return nil, err
	} else if !fi.Mode().IsRegular() {
		return nil, &format.CorruptError{Path: path, Offset: -1, Reason: datadir.ErrNotRegular.Error()}
	}
	s := &Snapshot{Path: path, lock: flock.New(path, flock.SetFlag(os.O_RDONLY))}
	locked, err := s.lock.TryRLock()
	if err != nil {
		return nil, fmt.Errorf("lock snapshot: %w", err)
	}
	if !locked {
		return nil, s.Close()
	}
	if s.File, err = datadir.OpenRegular(path); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	same, err := s.sameFile()
	if err != nil || !same {
		return nil, errors.Join(err, s.Close()) // it was replaced meanwhile
	}
	return s, nil
}

// sameFile tells whether the lock is on the file that is read, and that on the one
// at the path.
func (s *Snapshot) sameFile() (bool, error) {
	locked, err1 := s.lock.Stat()
	open, err2 := s.File.Stat()
	named, err3 := os.Stat(s.Path)
	if err := errors.Join(err1, err2, err3); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	s.Size = open.Size()
	return os.SameFile(locked, open) && os.SameFile(open, named), nil
}

// Close unlocks the file.
func (s *Snapshot) Close() error {
	var err error
	if s.File != nil {
		err = s.File.Close()
	}
	return errors.Join(err, s.lock.Close())
}
