package logs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
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
