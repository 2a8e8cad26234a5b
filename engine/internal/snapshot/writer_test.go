package snapshot_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"owlcache/engine/internal/fold"
	"owlcache/engine/internal/format"
	"owlcache/engine/internal/snapshot"
)

// TestRefusedSnapshotIsClosed opens a file that is refused, more than once.
func TestRefusedSnapshotIsClosed(t *testing.T) {
	for want, damage := range map[string]func(tx *bbolt.Tx) error{
		"wrong checksum": func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte(format.BucketMeta)).Put([]byte("crc"), []byte("00000000"))
		},
		"bucket kv or meta is missing": func(tx *bbolt.Tx) error { return tx.DeleteBucket([]byte(format.BucketMeta)) },
	} {
		path := filepath.Join(t.TempDir(), "x.db")
		w, err := snapshot.Create(path, snapshot.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.Write(context.Background(), &fold.Part{LastLSN: 7}), w.Commit()); err != nil {
			t.Fatal(err)
		}
		db, err := bbolt.Open(path, 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(db.Update(damage), db.Close()); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			var corrupt *format.CorruptError
			if _, err := snapshot.Open(path, snapshot.Options{}); !errors.As(err, &corrupt) || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %s", err, want)
			}
			if err := snapshot.Busy(path); err != nil {
				t.Errorf("%s: %v", want, err)
			}
		}
	}
}
