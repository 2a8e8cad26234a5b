package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"owlcache/engine/datadir"
)

// writeFile replaces the file of the list, atomically and durably. Where the file is a
// symbolic link, as to one that is managed elsewhere, it is that file that is replaced, and
// the link stays.
func (l *List) writeFile(content []byte) error {
	info, err := os.Lstat(l.path())
	if err != nil || info.Mode().Type() != fs.ModeSymlink {
		return l.dir.WriteFile(l.name, content, 0o600)
	}
	target, err := filepath.EvalSymlinks(l.path())
	if errors.Is(err, fs.ErrNotExist) {
		return &FileError{Path: l.path(), Err: errors.New("it is a link to a file that is not there")}
	}
	if err == nil {
		err = replaceFile(target, content)
	}
	if err != nil {
		return fmt.Errorf("write %s, which is a link: %w", l.path(), err)
	}
	return nil
}

// replaceFile gives a file other content: after a crash it has the old or the new one,
// whole. Its mode stays.
func replaceFile(path string, content []byte) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path))
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(info.Mode().Perm()), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return datadir.SyncDir(filepath.Dir(path))
}
