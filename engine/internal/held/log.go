package held

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

// Log is the files of a log as they were at one moment. They stay readable, and as long,
// when a checkpoint deletes them or a node appends. It is a wal.ReadFS.
type Log struct {
	dir   string
	names []string // sorted
	files map[string]*Segment
}

// openLog opens all segments in dir. No directory is a log without segments.
func openLog(dir string) (*Log, error) {
	for {
		l := &Log{dir: dir, files: map[string]*Segment{}}
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

func (l *Log) openAll() error {
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
		held := &Segment{file: f}
		l.files[e.Name()] = held
		fi, err := f.Stat()
		if err != nil {
			return err
		}
		held.size, held.FileBytes = fi.Size(), fi.Size()
	}
	return nil
}

// Trim takes the room that is made for records to come off the last segment, to which
// a node may be appending: what it writes there from now on is not seen. All before has
// been written, but for the end of a batch that is being written right now.
func (l *Log) Trim() error {
	if len(l.names) == 0 {
		return nil
	}
	return l.files[l.names[len(l.names)-1]].trim()
}

func (l *Log) close() error {
	var errs []error
	for _, f := range l.files {
		errs = append(errs, f.file.Close())
	}
	return errors.Join(errs...)
}

// Segments returns the segments, in the order of their names.
func (l *Log) Segments() []*Segment {
	list := make([]*Segment, len(l.names))
	for i, name := range l.names {
		list[i] = l.files[name]
	}
	return list
}

// Segment returns the segment of that name, nil if there is none.
func (l *Log) Segment(name string) *Segment { return l.files[name] }

// Bytes returns the length of all segments.
func (l *Log) Bytes() (sum int64) {
	for _, f := range l.files {
		sum += f.size
	}
	return sum
}

// List returns the names of the segments.
func (l *Log) List(string) ([]string, error) { return l.names, nil }

// Open returns a segment. Closing it does nothing: the Log does that.
func (l *Log) Open(path string) (wal.ReadFile, error) {
	f, ok := l.files[filepath.Base(path)]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	return f, nil
}

// Segment is a segment with the length that it had at the moment.
type Segment struct {
	FileBytes int64 // length of the file itself

	file *os.File
	size int64 // at the moment
}

// Path returns the name of the file.
func (f *Segment) Path() string { return f.file.Name() }

// Bytes returns the length of the segment.
func (f *Segment) Bytes() int64 { return f.size }

// Cut makes the segment as long as that, and returns how much it was longer.
func (f *Segment) Cut(size int64) (cut int64) {
	cut = f.size - size
	f.size = size
	return cut
}

// trim takes the zeros at the end off the length.
func (f *Segment) trim() error {
	b := make([]byte, 64<<10)
	for f.size > wal.HeaderSize {
		part := b[:min(int64(len(b)), f.size-wal.HeaderSize)]
		n, err := f.file.ReadAt(part, f.size-int64(len(part)))
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
func (f *Segment) ReadAt(b []byte, off int64) (int, error) {
	if off >= f.size {
		return 0, io.EOF
	}
	if rest := f.size - off; int64(len(b)) > rest {
		n, err := f.file.ReadAt(b[:rest], off)
		if err == nil {
			err = io.EOF
		}
		return n, err
	}
	return f.file.ReadAt(b, off)
}

// Size is Bytes, for the log.
func (f *Segment) Size() (int64, error) { return f.size, nil }

// Close does nothing.
func (f *Segment) Close() error { return nil }
