package term

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"owlcache/engine/datadir"
)

// NewFile is a file that is written aside: under its name it is there when it is whole, or not at all.
type NewFile struct {
	*os.File
	path string
}

// Create begins a file, with mode 0600. One that is there is replaced only with force.
func Create(path string, force bool) (*NewFile, error) {
	if err := mayCreate(path, force); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*"+datadir.TmpSuffix)
	if err != nil {
		return nil, err
	}
	return &NewFile{File: f, path: path}, nil
}

func mayCreate(path string, force bool) error {
	fi, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !fi.Mode().IsRegular():
		return Usage(fmt.Errorf("%s is no regular file; for the standard output give -", path))
	case !force:
		return Usage(fmt.Errorf("%s exists: name another file, or replace it with --force", path))
	}
	return nil
}

// Finish makes the file durable and gives it its name.
func (f *NewFile) Finish(force bool) error {
	err := errors.Join(f.Sync(), f.Close())
	if err == nil {
		err = mayCreate(f.path, force) // another may have come first
	}
	if err == nil {
		err = os.Rename(f.Name(), f.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return datadir.SyncDir(filepath.Dir(f.path))
}

// Drop removes the unfinished file.
func (f *NewFile) Drop() error { return errors.Join(f.Close(), os.Remove(f.Name())) }

// LiesIn tells whether the file or directory at path, which need not exist, lies in
// the directory dir, or is it.
func LiesIn(path, dir string) bool {
	parent, err := os.Stat(dir)
	if err != nil {
		return false
	}
	path, err = filepath.Abs(path)
	for err == nil {
		if fi, serr := os.Stat(path); serr == nil && os.SameFile(fi, parent) {
			return true
		}
		up := filepath.Dir(path)
		if up == path {
			break
		}
		path = up
	}
	return false
}
