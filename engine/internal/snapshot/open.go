package snapshot

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/gofrs/flock"
	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
)

// ErrBusy is returned while somebody reads the snapshot, and so has it locked.
var ErrBusy = errors.New("the snapshot is being read")

// lockTimeout is how long a tool that has the file open is waited for.
const lockTimeout = time.Second

// openFile opens the file for reading, or for writing too, which makes it. bbolt panics
// on some damage: that is an error here.
func openFile(path string, write bool, pageSize int) (db *bbolt.DB, err error) {
	if !write {
		// bbolt would make the file.
		if _, err := os.Stat(path); err != nil {
			return nil, err
		}
	}
	err = guard(path, func() (err error) {
		db, err = bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: !write, Timeout: lockTimeout, FreelistType: bbolt.FreelistMapType, PageSize: pageSize})
		return err
	})
	if write && errors.Is(err, berrors.ErrTimeout) {
		return nil, ErrBusy
	}
	var damage *format.CorruptError
	if err != nil && !errors.As(err, &damage) {
		return nil, fmt.Errorf("open snapshot %s: %w", path, err)
	}
	return db, err
}

// guard turns a panic of bbolt in f, or a fault in its mapped memory, into a
// *format.CorruptError.
func guard(path string, f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = &format.CorruptError{Path: path, Offset: -1, Reason: fmt.Sprintf("bbolt: %v", p)}
		}
	}()
	return f()
}

// Busy returns ErrBusy if somebody has the file at path locked. It does not wait.
func Busy(path string) error {
	lock := flock.New(path, flock.SetFlag(os.O_RDWR))
	free, err := lock.TryLock()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("lock %s: %w", path, err)
	case !free:
		err = ErrBusy
	}
	return errors.Join(err, lock.Close())
}

func buckets(tx *bbolt.Tx, path string) (kv, meta *bbolt.Bucket, m format.SnapshotMeta, err error) {
	kv, meta = tx.Bucket([]byte(format.BucketKV)), tx.Bucket([]byte(format.BucketMeta))
	if kv == nil || meta == nil {
		return nil, nil, m, format.SnapshotDamage(path, "", errors.New("bucket kv or meta is missing"))
	}
	if m, err = format.ParseMeta(meta.Get); err != nil {
		return nil, nil, m, format.SnapshotDamage(path, "", err)
	}
	return kv, meta, m, nil
}

// replace renames a finished temporary file, durably.
func replace(tmp, path string) error {
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	return datadir.SyncDir(filepath.Dir(path))
}

// remove removes a file that may be there.
func remove(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
