package logs

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// mainFile is the file, in a Logfile that is a directory, of what has none of its own.
const mainFile = "owl_run.log"

// concernFiles returns the names of the files by what their lines are about: those that 0.5.1 has
// used, without the time of the start in them.
func concernFiles() map[string]string {
	return map[string]string{
		"access":   "owl_http_single_node.log",
		"tcp":      "owl_tcp.log",
		"group":    "owl_http_group.log",
		"urlcache": "owl_uc.log",
		"sync":     "owl_gossip.log",
		"task":     "owl_task.log",
		"memory":   "owl_system_resource.log",
	}
}

// files are the log files that are open, by concern: that of "" is for all others.
type files map[string]*file

// openFiles opens what the value of Logfile says. What cannot be written is an error now.
func openFiles(value string, stderr io.Writer) (files, error) {
	path, isDir := mainPath(value)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, err
	}
	if err := tryFile(path, os.O_CREATE); err != nil {
		return nil, err
	}
	f := files{"": newFile(path, stderr)}
	if !isDir {
		return f, nil
	}
	for concern, name := range concernFiles() {
		f[concern] = newFile(filepath.Join(filepath.Dir(path), name), stderr)
		if err := tryFile(f[concern].path, 0); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return f, nil
}

// Rotate starts new files.
func (f files) Rotate() error { return f.each((*file).Rotate) }

// Close closes the files and waits for the removal of old ones.
func (f files) Close() error { return f.each((*file).Close) }

func (f files) each(do func(*file) error) error {
	var errs []error
	for _, file := range f {
		errs = append(errs, do(file))
	}
	return errors.Join(errs...)
}
