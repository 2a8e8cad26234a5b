package engine

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
	"owlcache/wal"
)

// heldLog is the files of a log as they were at one moment: they stay readable, and
// as long, when a checkpoint deletes them or a node appends. It is a wal.FS on which
// nothing can be written.
type heldLog struct {
	dir   string
	names []string // sorted
	files map[string]*heldFile
}

// errReadOnlyFS is returned for what would change a log that is only read.
var errReadOnlyFS = errors.New("the log is only read")

// holdLog opens all segments in dir. No directory is a log without segments.
func holdLog(dir string) (*heldLog, error) {
	for {
		l := &heldLog{dir: dir, files: map[string]*heldFile{}}
		err := l.openAll()
		if err == nil {
			return l, nil
		}
		if err := errors.Join(l.close(), err); !errors.Is(err, errSegmentGone) {
			return nil, err
		}
	}
}

// errSegmentGone says that a checkpoint has deleted a segment that was listed.
var errSegmentGone = errors.New("segment is gone")

func (l *heldLog) openAll() error {
	entries, err := os.ReadDir(l.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), wal.SegmentSuffix) {
			continue
		}
		path := filepath.Join(l.dir, e.Name())
		f, err := datadir.OpenRegular(path)
		switch {
		case errors.Is(err, fs.ErrNotExist) && e.Type()&fs.ModeSymlink == 0:
			return errSegmentGone
		case errors.Is(err, datadir.ErrNotRegular), errors.Is(err, fs.ErrNotExist):
			return &format.CorruptError{Path: path, Offset: -1, Reason: datadir.ErrNotRegular.Error()}
		}
		if err != nil {
			return err
		}
		l.names = append(l.names, e.Name())
		held := &heldFile{File: f}
		l.files[e.Name()] = held
		fi, err := f.Stat()
		if err != nil {
			return err
		}
		held.size, held.full = fi.Size(), fi.Size()
	}
	return nil
}

// trim takes the room that is made for records to come off the last segment, to which
// a node may be appending: what it writes there from now on is not seen. All before has
// been written, but for the end of a batch that is being written right now.
func (l *heldLog) trim() error {
	if len(l.names) == 0 {
		return nil
	}
	return l.files[l.names[len(l.names)-1]].trim()
}

func (l *heldLog) close() error {
	var errs []error
	for _, f := range l.files {
		errs = append(errs, f.File.Close())
	}
	return errors.Join(errs...)
}

// List returns the names of the segments.
func (l *heldLog) List(string) ([]string, error) { return l.names, nil }

// Open returns a segment. Closing it does nothing: the heldLog does that.
func (l *heldLog) Open(path string, write bool) (wal.File, error) {
	f, ok := l.files[filepath.Base(path)]
	switch {
	case write:
		return nil, errReadOnlyFS
	case !ok:
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	return f, nil
}

// Create, MkdirAll, Rename, Remove and SyncDir fail.
func (l *heldLog) Create(string) (wal.File, error) { return nil, errReadOnlyFS }
func (l *heldLog) MkdirAll(string) error           { return errReadOnlyFS }
func (l *heldLog) Rename(string, string) error     { return errReadOnlyFS }
func (l *heldLog) Remove(string) error             { return errReadOnlyFS }
func (l *heldLog) SyncDir(string) error            { return errReadOnlyFS }

// heldFile is a segment with the length that it had at the moment.
type heldFile struct {
	*os.File
	size int64
	full int64 // the length of the file itself
}

// trim takes the zeros at the end off the length.
func (f *heldFile) trim() error {
	const header = 32 // of a segment
	b := make([]byte, 64<<10)
	for f.size > header {
		part := b[:min(int64(len(b)), f.size-header)]
		n, err := f.File.ReadAt(part, f.size-int64(len(part)))
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		used := len(bytes.TrimRight(part[:n], "\x00"))
		f.size -= int64(len(part) - used)
		if used > 0 {
			break
		}
	}
	return nil
}

// ReadAt reads what was there at the moment.
func (f *heldFile) ReadAt(b []byte, off int64) (int, error) {
	if off >= f.size {
		return 0, io.EOF
	}
	if rest := f.size - off; int64(len(b)) > rest {
		n, err := f.File.ReadAt(b[:rest], off)
		if err == nil {
			err = io.EOF
		}
		return n, err
	}
	return f.File.ReadAt(b, off)
}

// Size returns the length at the moment.
func (f *heldFile) Size() (int64, error) { return f.size, nil }

// Close does nothing.
func (f *heldFile) Close() error { return nil }

// WriteAt, Truncate, Sync and Allocate fail.
func (f *heldFile) WriteAt([]byte, int64) (int, error) { return 0, errReadOnlyFS }
func (f *heldFile) Truncate(int64) error               { return errReadOnlyFS }
func (f *heldFile) Sync() error                        { return errReadOnlyFS }
func (f *heldFile) Allocate(int64, int64) error        { return errReadOnlyFS }
