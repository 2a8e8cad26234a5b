package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
)

// snapshotLockTimeout is how long a tool that has the file open is waited for.
const snapshotLockTimeout = time.Second

// buckets returns the two buckets and the meta data of an open snapshot.
func buckets(tx *bbolt.Tx) (kv, meta *bbolt.Bucket, m format.SnapshotMeta, err error) {
	kv, meta = tx.Bucket([]byte(format.BucketKV)), tx.Bucket([]byte(format.BucketMeta))
	if kv == nil || meta == nil {
		return nil, nil, m, errors.New("bucket kv or meta is missing")
	}
	m, err = format.ParseMeta(meta.Get)
	return kv, meta, m, err
}

// openSnapshot opens the file for reading, or for writing too. bbolt panics on
// some damage: that is an error here.
func openSnapshot(path string, write bool) (db *bbolt.DB, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer recoverDamage(path, &err)
	if !write {
		// bbolt would make the file.
		if _, err := os.Stat(path); err != nil {
			return nil, err
		}
	}
	db, err = bbolt.Open(path, 0o600, &bbolt.Options{
		ReadOnly: !write, Timeout: snapshotLockTimeout,
		FreelistType: bbolt.FreelistMapType, NoFreelistSync: false,
	})
	if write && errors.Is(err, berrors.ErrTimeout) {
		return nil, errSnapshotRead
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open snapshot %s: %w", path, err)
	}
	return db, err
}

// recoverDamage turns a panic of bbolt into a *CorruptError.
func recoverDamage(path string, err *error) {
	if p := recover(); p != nil {
		*err = &format.CorruptError{Path: path, Offset: -1, Reason: fmt.Sprintf("bbolt: %v", p)}
	}
}

// replaceFile renames a finished temporary file, durably.
func replaceFile(tmp, path string) error {
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	return datadir.SyncDir(filepath.Dir(path))
}
