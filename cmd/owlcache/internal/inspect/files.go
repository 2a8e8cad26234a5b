package inspect

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"owlcache/engine/datadir"
)

// dirFiles is what lies in a data directory, by name and size alone.
type dirFiles struct {
	mode  fs.FileMode // of the directory
	total int64       // bytes of all files
	open  []namedFile // secrets that others may read
	tmp   []namedFile // files that were being written
	kept  []namedFile // ends of logs that were cut off
	old   []namedFile // files of 0.5.1
}

// namedFile is a file in the directory.
type namedFile struct {
	name  string // within the directory, with slashes
	bytes int64
	mode  fs.FileMode
}

// halfWritten matches what an interrupted write of a file may leave.
func halfWritten() *regexp.Regexp { return regexp.MustCompile(`^\.[a-z_]+\.json-?[0-9]+$`) }

// listFiles lists the directory and its log. A file that goes meanwhile is none.
func listFiles(dir string) (d dirFiles, err error) {
	fi, err := os.Stat(dir)
	if err != nil {
		return d, err
	}
	d.mode = fi.Mode().Perm()
	for _, sub := range []string{"", datadir.LogDir} {
		entries, err := os.ReadDir(filepath.Join(dir, sub))
		if err != nil && (sub == "" || !errors.Is(err, fs.ErrNotExist)) {
			return d, err
		}
		for _, e := range entries {
			fi, err := e.Info()
			if err != nil {
				continue
			}
			d.add(namedFile{name: filepath.ToSlash(filepath.Join(sub, e.Name())), bytes: fi.Size(), mode: fi.Mode()})
		}
	}
	return d, nil
}

func (d *dirFiles) add(f namedFile) {
	base := filepath.Base(f.name)
	if f.mode.IsRegular() {
		d.total += f.bytes
	}
	switch {
	case strings.HasSuffix(base, datadir.TmpSuffix), halfWritten().MatchString(base):
		d.tmp = append(d.tmp, f)
	case strings.HasSuffix(base, ".broken"):
		d.kept = append(d.kept, f)
	case strings.HasSuffix(base, datadir.LegacySuffix):
		d.old = append(d.old, f)
	case f.name == datadir.SecretFile && f.mode.Perm()&0o077 != 0:
		d.open = append(d.open, f)
	}
}
