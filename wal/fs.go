package wal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// ReadFS is what reading a log needs of a file system.
type ReadFS interface {
	Open(path string) (ReadFile, error)
	// List returns the names in a directory, sorted.
	List(dir string) ([]string, error)
}

// ReadFile is an open file of a ReadFS.
type ReadFile interface {
	io.ReaderAt
	io.Closer
	Size() (int64, error)
}

// FS is what a log needs of a file system: a seam for tests that inject faults
// and crashes. The zero Options use the real one.
type FS interface {
	ReadFS
	// Create makes a file that must not exist, mode 0600, for reading and writing.
	Create(path string) (File, error)
	// OpenWrite opens a file for reading and writing.
	OpenWrite(path string) (File, error)
	// MkdirAll makes a directory, mode 0700, and its parents.
	MkdirAll(dir string) error
	Rename(from, to string) error
	Remove(path string) error
	// SyncDir makes the names in a directory durable.
	SyncDir(dir string) error
}

// File is an open file of an FS.
type File interface {
	ReadFile
	io.WriterAt
	Truncate(size int64) error
	// Sync makes the content and size durable.
	Sync() error
	// Allocate makes room for n bytes from off on, the end of the file, which then
	// read as zeros. When it fails, the file may have grown by a part of them.
	Allocate(off, n int64) error
}

type osFS struct{}

func (osFS) Create(path string) (File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (osFS) Open(path string) (ReadFile, error)  { return openSegment(path, os.O_RDONLY) }
func (osFS) OpenWrite(path string) (File, error) { return openSegment(path, os.O_RDWR) }

func openSegment(path string, flag int) (File, error) {
	// Without waiting for the other end of a pipe of that name.
	f, err := os.OpenFile(path, flag|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if fi, err := f.Stat(); err != nil || !fi.Mode().IsRegular() {
		return nil, errors.Join(fmt.Errorf("log segment %s is no regular file", path), err, f.Close())
	}
	return osFile{f}, nil
}

func (osFS) List(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

func (osFS) MkdirAll(dir string) error    { return os.MkdirAll(dir, 0o700) }
func (osFS) Rename(from, to string) error { return os.Rename(from, to) }
func (osFS) Remove(path string) error     { return os.Remove(path) }

func (osFS) SyncDir(dir string) error {
	d, err := os.Open(filepath.Clean(dir))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

type osFile struct{ *os.File }

func (f osFile) Size() (int64, error) {
	fi, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return fi.Size(), nil
}

func (f osFile) Sync() error { return datasync(f.File) }

// Allocate writes zeros. A reservation of the file system (fallocate) would do with
// less, but then each sync has to note which part of it is written by now, which
// costs more than the zeros do: see BenchmarkAppend.
func (f osFile) Allocate(off, n int64) error {
	zeros := make([]byte, min(n, allocateStep))
	for end := off + n; off < end; {
		n, err := f.WriteAt(zeros[:min(end-off, int64(len(zeros)))], off)
		if err != nil {
			return err
		}
		off += int64(n)
	}
	return nil
}
