package main

import (
	"errors"
	"io/fs"
	"os"
	"sync"

	"github.com/DeRuina/timberjack"
)

// logFile is a log file that is rotated at its size and on request.
type logFile struct {
	path string

	mu  sync.Mutex // protects out
	out *timberjack.Logger
}

func openLogFile(path string) (*logFile, error) {
	if err := tryLogFile(path); err != nil {
		return nil, err
	}
	return &logFile{path: path, out: newLogFile(path)}, nil
}

// newLogFile returns a writer that opens the file at its first line.
func newLogFile(path string) *timberjack.Logger {
	return &timberjack.Logger{Filename: path, MaxSize: logFileMB, MaxBackups: logBackups, FileMode: 0o640}
}

func (f *logFile) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.out.Write(p)
}

// Rotate starts a new file, unless the one at the path is empty: then it is either
// the present one, which must not push an older one out of the few that are kept, or
// one that another tool has put in its place, and is used from now on.
func (f *logFile) Rotate() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.Stat(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && info.Size() > 0:
		return f.out.Rotate()
	case err != nil:
		return err
	}
	before := f.out
	f.out = newLogFile(f.path)
	return before.Close()
}

// Close closes the file and waits for the removal of old ones.
func (f *logFile) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.out.Close()
}
