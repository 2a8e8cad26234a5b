package crashfs

import (
	"io"
	"slices"
)

// file implements wal.File.
type file struct {
	fs     *FS
	inode  int
	path   string
	closed bool
}

func (f *file) do(op Op) error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if f.closed {
		return ErrClosed
	}
	op.Path, op.inode = f.path, f.inode
	return f.fs.do(op)
}

func (f *file) ReadAt(b []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	content := f.fs.view.content[f.inode]
	if off >= int64(len(content)) {
		return 0, io.EOF
	}
	n := copy(b, content[off:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *file) WriteAt(b []byte, off int64) (int, error) {
	if err := f.do(Op{Kind: Write, off: off, data: slices.Clone(b)}); err != nil {
		return 0, err
	}
	return len(b), nil
}

func (f *file) Size() (int64, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	return int64(len(f.fs.view.content[f.inode])), nil
}

func (f *file) Truncate(size int64) error   { return f.do(Op{Kind: Truncate, off: size}) }
func (f *file) Sync() error                 { return f.do(Op{Kind: Sync}) }
func (f *file) Allocate(off, n int64) error { return f.do(Op{Kind: Allocate, off: off + n}) }

func (f *file) Close() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	f.closed = true
	return nil
}
