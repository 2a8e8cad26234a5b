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
		info, err = os.Stat(target)
	}
	if err == nil {
		err = datadir.Replace(target, content, info.Mode().Perm())
	}
	if err != nil {
		return fmt.Errorf("write %s, which is a link: %w", l.path(), err)
	}
	return nil
}
