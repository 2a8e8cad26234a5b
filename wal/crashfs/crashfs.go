// Package crashfs is a file system in memory for tests of logs: it remembers
// every operation, so that the states that a crash could leave behind can be
// made, and it fails on demand.
//
// The crash model is the one of package wal: what a sync covered survives; of the
// rest each sector, each change of size and each change of a name survives or
// not on its own.
package crashfs

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"syscall"

	"owlcache/wal"
)

// SectorSize is what the model's disk writes wholly or not at all, in bytes.
const SectorSize = 512

// Kind is what an Op does.
type Kind string

// The kinds of operation. Mark is made by FS.Mark alone.
const (
	Create   Kind = "create"
	Write    Kind = "write"
	Truncate Kind = "truncate"
	Allocate Kind = "allocate"
	Sync     Kind = "sync"
	Rename   Kind = "rename"
	Remove   Kind = "remove"
	SyncDir  Kind = "syncdir"
	Mark     Kind = "mark"
)

// Op is one operation that changes something.
type Op struct {
	Kind Kind
	Path string // as the operation named it

	to    string // Rename
	inode int
	off   int64
	data  []byte
	mark  any
}

// FS is the file system. The zero value is not ready: use New.
type FS struct {
	mu    sync.Mutex
	base  state // durable before the first operation of trace
	trace []Op
	view  state // what is seen now

	// Inject, if set, is asked before each operation. If it returns an error the
	// operation fails with it; half of a failing write or reservation is done.
	Inject func(Op) error
	// Limit, if not 0, is how many bytes all files together may have.
	Limit int64
}

// New returns an empty file system.
func New() *FS { return &FS{base: newState(), view: newState()} }

// Len returns the number of operations so far.
func (f *FS) Len() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.trace)
}

// Operations is Len for use by Inject.
func (f *FS) Operations() int { return len(f.trace) }

// Mark puts v into the trace.
func (f *FS) Mark(v any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.trace = append(f.trace, Op{Kind: Mark, mark: v})
}

// Marks returns what was marked among the first n operations.
func (f *FS) Marks(n int) []any {
	f.mu.Lock()
	defer f.mu.Unlock()
	var marks []any
	for _, op := range f.trace[:n] {
		if op.Kind == Mark {
			marks = append(marks, op.mark)
		}
	}
	return marks
}

// do injects a fault or performs op.
func (f *FS) do(op Op) error {
	if f.Inject != nil {
		if err := f.Inject(op); err != nil {
			switch op.Kind {
			case Write:
				op.data = op.data[:len(op.data)/2]
				f.commit(op)
			case Allocate: // some file systems add a part of the room
				op.off -= f.view.growth(op) / 2
				f.commit(op)
			}
			return err
		}
	}
	if grow := f.view.growth(op); f.Limit > 0 && grow > 0 && f.view.bytes()+grow > f.Limit {
		if room := f.Limit - f.view.bytes(); op.Kind == Write && room > 0 {
			op.data = op.data[:int64(len(op.data))-grow+room]
			f.commit(op)
		} else if op.Kind == Allocate && room > 0 { // as ext4 does
			op.off -= grow - room
			f.commit(op)
		}
		return syscall.ENOSPC
	}
	f.commit(op)
	return nil
}

func (f *FS) commit(op Op) {
	f.trace = append(f.trace, op)
	f.view.apply(op)
}

func (f *FS) lookup(op, name string) (int, error) {
	id, ok := f.view.names[path.Clean(name)]
	if !ok {
		return 0, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return id, nil
}

// Create implements wal.FS.
func (f *FS) Create(name string) (wal.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.view.names[path.Clean(name)]; ok {
		return nil, &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	}
	id := f.view.inodes()
	if err := f.do(Op{Kind: Create, Path: path.Clean(name), inode: id}); err != nil {
		return nil, err
	}
	return &file{fs: f, inode: id, path: name}, nil
}

// Open implements wal.FS.
func (f *FS) Open(name string) (wal.ReadFile, error) { return f.OpenWrite(name) }

// OpenWrite implements wal.FS.
func (f *FS) OpenWrite(name string) (wal.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	id, err := f.lookup("open", name)
	if err != nil {
		return nil, err
	}
	return &file{fs: f, inode: id, path: name}, nil
}

// List implements wal.FS.
func (f *FS) List(dir string) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var names []string
	for name := range f.view.names {
		if rest, ok := strings.CutPrefix(name, path.Clean(dir)+"/"); ok {
			names = append(names, rest)
		}
	}
	slices.Sort(names)
	return names, nil
}

// MkdirAll implements wal.FS: directories are always there.
func (f *FS) MkdirAll(string) error { return nil }

// Rename implements wal.FS.
func (f *FS) Rename(from, to string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.lookup("rename", from); err != nil {
		return err
	}
	return f.do(Op{Kind: Rename, Path: path.Clean(from), to: path.Clean(to)})
}

// Remove implements wal.FS.
func (f *FS) Remove(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.lookup("remove", name); err != nil {
		return err
	}
	return f.do(Op{Kind: Remove, Path: path.Clean(name)})
}

// SyncDir implements wal.FS.
func (f *FS) SyncDir(dir string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.do(Op{Kind: SyncDir, Path: path.Clean(dir)})
}

// ReadFile returns the content of a file as it is seen now.
func (f *FS) ReadFile(name string) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	id, err := f.lookup("read", name)
	if err != nil {
		return nil, err
	}
	return slices.Clone(f.view.content[id]), nil
}

// ErrClosed is returned by a file after Close.
var ErrClosed = errors.New("crashfs: file is closed")
