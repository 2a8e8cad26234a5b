package logs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/DeRuina/timberjack"
)

// file is a log file that is opened at its first line, and rotated at its size and on request.
type file struct {
	path   string
	stderr io.Writer

	mu   sync.Mutex // protects all below
	out  *timberjack.Logger
	told time.Time // of a failure
}

func newFile(path string, stderr io.Writer) *file {
	return &file{path: path, stderr: stderr, out: newRotated(path)}
}

// newRotated returns a file that is rotated at 5 MB, with ten older ones beside it.
func newRotated(path string) *timberjack.Logger {
	return &timberjack.Logger{Filename: path, MaxSize: 5, MaxBackups: 10, FileMode: 0o640}
}

// Write never fails: a log that cannot be written, on a full disk perhaps, loses lines.
func (f *file) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.out.Write(p); err != nil && time.Since(f.told) >= time.Minute {
		f.told = time.Now()
		_, _ = fmt.Fprintf(f.stderr, "owlcache: the log file %s loses lines: %v\n", f.path, err) // nobody else is left to tell
	}
	return len(p), nil
}

// Rotate starts a new file, if there is anything in the one at the path. If that is
// empty, it is either the present one, which must not push an older one out of the few
// that are kept, or one that another tool has put in its place, and is used from now on.
func (f *file) Rotate() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.Stat(f.path)
	switch {
	case err == nil && info.Size() > 0:
		return f.out.Rotate()
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	before := f.out
	f.out = newRotated(f.path)
	return before.Close()
}

// Close closes the file and waits for the removal of old ones.
func (f *file) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.out.Close()
}

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
