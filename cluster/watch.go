package cluster

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
)

// fileState tells one version of a file from another. The zero one is that of no file.
type fileState struct{ info fs.FileInfo }

func (s fileState) same(o fileState) bool {
	if s.info == nil || o.info == nil {
		return s.info == nil && o.info == nil
	}
	return os.SameFile(s.info, o.info) && s.info.Size() == o.info.Size() && s.info.ModTime().Equal(o.info.ModTime()) &&
		s.info.Mode() == o.info.Mode()
}

func lookAt(path string) (fileState, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fileState{}, nil
	}
	return fileState{info}, err
}

// ReadList returns the members in the file of a list, as a node that starts reads them.
// A file that is not there is fs.ErrNotExist, one that holds no list a *FileError.
func ReadList(path string) ([]string, error) {
	members, _, err := readList(path)
	return members, err
}

// readList returns what a file holds, and its state before it was read.
func readList(path string) (members []string, seen fileState, err error) {
	if seen, err = lookAt(path); err != nil {
		return nil, fileState{}, err
	}
	if seen.info == nil {
		return nil, seen, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	if !seen.info.Mode().IsRegular() { // reading a pipe could take for ever
		return nil, seen, &FileError{Path: path, Err: errors.New("it is not a file")}
	}
	content, err := readBounded(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%s has just gone", path) // not the same as one that is not there
	}
	if err != nil {
		return nil, seen, err
	}
	if members, err = parseList(content); err != nil {
		return nil, seen, placed(path, content, err)
	}
	return members, seen, nil
}

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read from
	content, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if err == nil && len(content) > maxFileSize {
		err = &FileError{Path: path, Err: fmt.Errorf("it is larger than %d bytes", maxFileSize)}
	}
	return bytes.TrimPrefix(content, []byte("\xef\xbb\xbf")), err // what some editors begin a file with
}

// poll takes up an edit that is complete.
func (l *List) poll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, err := lookAt(l.path())
	settled := err == nil && now.same(l.passed)
	l.passed = now
	if err == nil && (!settled || now.same(l.read)) {
		return
	}
	l.takeUpAndTellLocked(err)
}

func (l *List) reload() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.takeUpAndTellLocked(nil)
}

// takeUpAndTellLocked takes up what the file holds, unless err already says why it cannot be.
// Each version of a file that cannot be taken up is told once.
func (l *List) takeUpAndTellLocked(err error) {
	read, told := l.read, l.wrong
	if err == nil {
		err = l.takeUpLocked()
	}
	_, mistake := errors.AsType[*FileError](err)
	if mistake {
		told = told && l.read.same(read)
	} else {
		told = l.blind
	}
	if err != nil && !told {
		l.logger.Error("the file of a group cannot be taken up: the members stay as they were", "file", l.path(), "members", len(l.Members()), "error", err)
	}
	l.blind = err != nil && !mistake // tried again each time
}

// takeUpLocked makes what the file holds the list.
func (l *List) takeUpLocked() error {
	members, seen, err := readList(l.path())
	if errors.Is(err, ErrEmptyFile) && !l.wrong && seen.same(l.read) {
		err = nil // it has been so since the start, where it counts as an empty list
	}
	_, mistake := errors.AsType[*FileError](err)
	if err != nil && !mistake && !errors.Is(err, fs.ErrNotExist) {
		return err // it says nothing of the content, so the file has not been read
	}
	healed := l.wrong
	l.read, l.wrong = seen, mistake
	if mistake {
		return err
	}
	old := l.Members()
	if !slices.Equal(old, members) {
		l.publishLocked(members)
		l.logger.Info("members of a group were taken up from its file", "file", l.path(), "members", len(members),
			"added", missing(members, old), "removed", missing(old, members))
	} else if healed {
		l.logger.Info("the file of a group is in order again", "file", l.path(), "members", len(members))
	}
	return nil
}

// catchUpLocked takes up an edit that was made since the file was last read, so that it is
// not lost. A file that has just gone may be one that is being written.
func (l *List) catchUpLocked() error {
	now, err := lookAt(l.path())
	if err != nil {
		return err
	}
	if now.info == nil {
		if l.read.info != nil {
			return ErrFileGone
		}
		return nil
	}
	read, wrong := l.read, l.wrong
	if err = l.takeUpLocked(); err != nil {
		l.read, l.wrong = read, wrong // for Watch to tell of it
	}
	return err
}

func missing(a, b []string) (n int) {
	for _, m := range a {
		if !slices.Contains(b, m) {
			n++
		}
	}
	return n
}
