package backup

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"owlcache/engine/datadir"
)

// ErrTarget is returned by Restore for a directory that it cannot restore into.
var ErrTarget = errors.New("restore wants a new or an empty directory")

// target is the directory that a restore makes. It is a sink that writes into the directory aside.
type target struct {
	path string
	tmp  string // the directory aside
	made bool   // path itself is new
}

// newTarget checks a path, and writes nothing.
func newTarget(path string) (*target, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	t := &target{path: path, tmp: filepath.Join(path, datadir.RestoreDir)}
	return t, t.check()
}

// check refuses a directory that holds anything that could be meant to stay.
func (t *target) check() error {
	entries, err := os.ReadDir(t.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrTarget, err)
	}
	for _, e := range entries {
		switch e.Name() {
		case "README.md", ".gitignore", "lost+found":
		case datadir.RestoreDir:
			return fmt.Errorf("%w: %w", ErrTarget, datadir.UnfinishedRestore(t.path))
		default:
			return fmt.Errorf("%w: %s holds %s", ErrTarget, t.path, e.Name())
		}
	}
	return nil
}

// begin makes the directory aside. From now on no node starts on the target.
func (t *target) begin() error {
	if _, err := os.Lstat(t.path); errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(t.path, 0o700); err != nil {
			return err
		}
		t.made = true
	}
	if err := os.Mkdir(t.tmp, 0o700); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("%w: another restore into %s has begun", ErrTarget, t.path)
		}
		return errors.Join(err, t.removeMade())
	}
	err := t.alone()
	if err == nil {
		err = t.syncParents()
	}
	if err != nil {
		return errors.Join(err, t.remove())
	}
	return nil
}

// alone checks that no node has started on the directory since it was looked at.
func (t *target) alone() error {
	if _, err := os.Lstat(filepath.Join(t.path, datadir.LockFile)); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(fmt.Errorf("%w: a node has started on %s", ErrTarget, t.path), err)
	}
	return nil
}

func (t *target) syncParents() error {
	err := datadir.SyncDir(t.path)
	if t.made {
		err = errors.Join(err, datadir.SyncDir(filepath.Dir(t.path)))
	}
	return err
}

// create makes a file in the directory aside. name is one that this package knows.
func (t *target) create(name string, size int64) (io.WriteCloser, error) {
	free, err := freeBytes(t.tmp)
	if err != nil {
		return nil, err
	}
	if size > free {
		return nil, fmt.Errorf("%s does not fit: it has %d bytes, and %d are free in %s", name, size, free, t.path)
	}
	path := filepath.Join(t.tmp, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return durable{f}, nil
}

// durable is a file that is synced when it is closed.
type durable struct{ *os.File }

func (d durable) Close() error { return errors.Join(d.Sync(), d.File.Close()) }

// publish moves what lies aside into its place. A crash on the way leaves the
// directory aside, and with it a target that no node starts on.
func (t *target) publish() error {
	entries, err := os.ReadDir(t.tmp)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() {
			err = errors.Join(err, datadir.SyncDir(filepath.Join(t.tmp, e.Name())))
		}
	}
	if err := errors.Join(err, datadir.SyncDir(t.tmp)); err != nil {
		return err
	}
	if err := os.Chmod(t.path, 0o700); err != nil && !errors.Is(err, fs.ErrPermission) { // it may belong to somebody else, who lets us in
		return err
	}
	for i, e := range entries {
		if err := os.Rename(filepath.Join(t.tmp, e.Name()), filepath.Join(t.path, e.Name())); err != nil {
			return errors.Join(err, t.takeBack(entries[:i]))
		}
	}
	err = datadir.SyncDir(t.path)
	if err == nil {
		err = os.Remove(t.tmp)
	}
	if err != nil {
		return errors.Join(err, t.takeBack(entries))
	}
	return datadir.SyncDir(t.path)
}

// takeBack undoes publish.
func (t *target) takeBack(moved []fs.DirEntry) error {
	var errs []error
	for _, e := range moved {
		errs = append(errs, os.Rename(filepath.Join(t.path, e.Name()), filepath.Join(t.tmp, e.Name())))
	}
	return errors.Join(errs...)
}

// remove takes away what begin and create have made.
func (t *target) remove() error {
	return errors.Join(os.RemoveAll(t.tmp), t.removeMade())
}

func (t *target) removeMade() error {
	if !t.made {
		return nil
	}
	return os.Remove(t.path)
}
