package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"owlcache/engine"
	"owlcache/engine/datadir"
	"owlcache/engine/view"
)

// RestoreOptions of Restore. The zero value of each field is its default.
type RestoreOptions struct {
	// NewNode gives the directory another identity than that of the node in the
	// archive, and leaves out whom that one knew.
	NewNode bool
	// TempDir is where the parts of a log that is too long for memory are kept while it
	// is checked, in files without a name; default os.TempDir.
	TempDir string
	// Progress, if set, is called now and then.
	Progress func(engine.Progress)
}

// Restored is what Restore has made.
type Restored struct {
	Path   string // of the directory, absolute
	NodeID uint64 // 0 if the archive has no identity: the first start makes one
	*Manifest
}

// Restore makes a data directory of an archive. The directory at path must be new or
// empty, else ErrTarget is returned. The steps:
//
//  1. An archive that can be read twice (an io.Seeker) is verified from its beginning
//     to its end, before anything is written.
//  2. All files are written into a directory aside, verified and made durable.
//  3. All entries in them are read, as the tools do that look into a directory, and
//     counted: the manifest says how many there must be.
//  4. The files are moved into their place, and the directory aside is removed.
//
// After an error, and when ctx ends before the last step, the target is as it was. After a crash it is,
// or it is whole, or the directory aside is still there and no node starts on it.
func Restore(ctx context.Context, archive io.Reader, path string, o RestoreOptions) (_ *Restored, err error) {
	t, err := newTarget(path)
	if err != nil {
		return nil, err
	}
	size, err := verifyFirst(ctx, archive, o.Progress)
	if err != nil {
		return nil, err
	}
	if err := t.begin(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.remove())
		}
	}()
	counted := &datadir.ProgressReader{Reader: archive, Progress: engine.Progress{Phase: "restore", Total: size}, Tell: o.Progress}
	m, err := readArchive(ctx, counted, selected{t, o.NewNode})
	if err != nil {
		return nil, err
	}
	id, err := t.identify(o.NewNode)
	if err != nil {
		return nil, err
	}
	if err := t.examine(ctx, m, o); err != nil {
		return nil, err
	}
	if err := t.publish(); err != nil {
		return nil, err
	}
	return &Restored{Path: t.path, NodeID: id, Manifest: m}, nil
}

// verifyFirst verifies an archive that can be read twice, and goes back to its
// beginning. It returns the archive's size, 0 if that is not known.
func verifyFirst(ctx context.Context, archive io.Reader, progress func(engine.Progress)) (size int64, err error) {
	s, ok := archive.(io.Seeker)
	if !ok {
		return 0, nil
	}
	begin, err := s.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0, nil //nolint:nilerr // it is a pipe
	}
	end, err := s.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	if _, err := s.Seek(begin, io.SeekStart); err != nil {
		return 0, err
	}
	if _, err := Verify(ctx, archive, end-begin, progress); err != nil {
		return 0, err
	}
	_, err = s.Seek(begin, io.SeekStart)
	return end - begin, err
}

// selected is a target that does not take what belongs to the node of the archive, if
// another is to be made.
type selected struct {
	*target
	newNode bool
}

func (s selected) create(name string, size int64) (io.WriteCloser, error) {
	if s.newNode && (name == datadir.NodeFile || name == datadir.PeersFile) {
		return discard{io.Discard}, nil
	}
	return s.target.create(name, size)
}

// identify returns the node's id, after making it if that is wanted.
func (t *target) identify(newNode bool) (uint64, error) {
	if newNode {
		dir, err := datadir.Open(t.tmp) // which makes what is missing
		if err != nil {
			return 0, err
		}
		return dir.NodeID(), errors.Join(dir.Close(), os.Remove(filepath.Join(t.tmp, datadir.LockFile)))
	}
	src, _, err := datadir.Look(t.tmp)
	if err != nil {
		return 0, badArchive("there is no data in it")
	}
	id, _, err := src.Identity()
	var newer *datadir.FormatError
	switch {
	case err == nil, errors.Is(err, fs.ErrNotExist):
		return id, nil
	case errors.As(err, &newer):
		return 0, err
	}
	return 0, badArchive("%s is not valid", datadir.NodeFile)
}

// examine reads all that was written and compares it with the manifest.
func (t *target) examine(ctx context.Context, m *Manifest, o RestoreOptions) (err error) {
	defer func() {
		if damage, ok := errors.AsType[*engine.CorruptError](err); ok {
			err = badArchive("%s: %s", filepath.Base(damage.Path), damage.Reason)
		}
	}()
	view, err := view.Open(ctx, t.tmp, view.Options{TempDir: o.TempDir, Progress: o.Progress})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, view.Close()) }()
	var got Counts
	at := m.Taken.UnixMilli()
	err = view.Entries(ctx, nil, func(e *engine.Entry) error {
		got.add(e, at)
		return nil
	})
	if err != nil {
		return err
	}
	info := view.Info()
	last := max(info.Log.LastLSN, info.Snapshot.LSN)
	switch {
	case info.Snapshot.LSN != m.SnapshotLSN || last != m.LastLSN:
		return badArchive("snapshot and log end with the records %d and %d, the manifest says %d and %d", info.Snapshot.LSN, last, m.SnapshotLSN, m.LastLSN)
	case got != m.Counts:
		return badArchive("it has %s, its manifest says %s", got.text(), m.text())
	}
	return nil
}

// text says it on one line.
func (c Counts) text() string {
	return fmt.Sprintf("%d keys, %d expired, %d tombstones, %d bytes", c.Keys, c.Expired, c.Tombstones, c.Bytes)
}
