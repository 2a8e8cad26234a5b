package held

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/legacy"
)

// Files is the data of a directory.
type Files struct {
	Snapshot *Snapshot // nil if there is none
	Log      *Log      // what follows it
}

// Open opens the data of a directory. While a checkpoint writes the snapshot, that is
// waited for; waiting, if set, is called then.
func Open(ctx context.Context, src *datadir.Source, waiting func()) (*Files, error) {
	path := src.File(datadir.SnapshotFile)
	for {
		f := &Files{}
		var err error
		if f.Snapshot, err = lockSnapshot(ctx, path, waiting); errors.Is(err, fs.ErrNotExist) {
			err = legacy.DanglingLink(path)
		}
		if err == nil {
			f.Log, err = openLog(src.File(datadir.LogDir))
		}
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		if _, err := os.Lstat(path); f.Snapshot != nil || errors.Is(err, fs.ErrNotExist) {
			return f, nil
		}
		// A checkpoint has made the first snapshot, and deletes the log.
		if err := errors.Join(f.Close(), ctx.Err()); err != nil {
			return nil, err
		}
	}
}

// Bytes returns the length of all files.
func (f *Files) Bytes() int64 {
	if f.Snapshot == nil {
		return f.Log.Bytes()
	}
	return f.Snapshot.Size + f.Log.Bytes()
}

// Close closes the files, and unlocks the snapshot.
func (f *Files) Close() error {
	var errs []error
	if f.Snapshot != nil {
		errs = append(errs, f.Snapshot.Close())
	}
	if f.Log != nil {
		errs = append(errs, f.Log.close())
	}
	return errors.Join(errs...)
}
