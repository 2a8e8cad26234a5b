package pages

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"owlcache/engine/internal/format"
)

// smallSnapshot returns the bytes of a bbolt file with a tree of several levels.
func smallSnapshot(t testing.TB) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.db")
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{PageSize: MinPageSize})
	if err != nil {
		t.Fatal(err)
	}
	for round := range 3 {
		err = db.Update(func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists([]byte(format.BucketKV))
			for i := 0; err == nil && i < 300; i++ {
				err = b.Put(fmt.Appendf(nil, "key%09d", i*(round+1)), bytes.Repeat([]byte("v"), 50))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestPagesOfAGoodFile(t *testing.T) {
	b := smallSnapshot(t)
	bounds, err := verify(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if len(bounds) < 16 {
		t.Fatalf("only %d bounds", len(bounds))
	}
	for i := 1; i < len(bounds); i++ {
		if bytes.Compare(bounds[i-1], bounds[i]) >= 0 {
			t.Fatalf("bound %d is out of order", i)
		}
	}
}

// TestChildThatPointsBack makes a branch its own child: bbolt would follow it for
// ever.
func TestChildThatPointsBack(t *testing.T) {
	b := smallSnapshot(t)
	found := false
	for off := 2 * MinPageSize; off+MinPageSize <= len(b); off += MinPageSize {
		if le.Uint16(b[off+8:]) == Branch {
			bad := bytes.Clone(b)
			copy(bad[off+HeaderSize+8:off+HeaderSize+16], b[off:off+8])
			if _, err := verify(bytes.NewReader(bad), int64(len(bad))); err != nil {
				found = true // a branch of an older transaction is not looked at
			}
		}
	}
	if !found {
		t.Fatal("no branch page was refused")
	}
}

// TestMetaWithAWrongFlag makes a bucket of each element of bucket meta: a lenient reader
// takes its value all the same.
func TestMetaWithAWrongFlag(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{PageSize: MinPageSize})
	if err != nil {
		t.Fatal(err)
	}
	want := format.SnapshotMeta{LSN: 7, Clock: 8, Node: 9, Keys: 10, Bytes: 11, Saved: time.Unix(12, 0).UTC()}
	fields := 0
	err = db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket([]byte(format.BucketMeta))
		if err != nil {
			return err
		}
		return want.EachField(func(name, value []byte) error {
			fields++
			return b.Put(name, value)
		})
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	read := func(file *File) (m format.SnapshotMeta, err error) {
		newest, err := file.Newest()
		if err != nil {
			return m, err
		}
		w := file.Walk(newest, nil)
		err = w.Buckets(func(_ []byte, b Bucket) (err error) {
			m, err = w.ReadMeta(b)
			return err
		})
		return m, err
	}
	first := bytes.Index(b, []byte("bytes11")) - fields*ElementSize // the elements lie before the first key
	for i := range fields {
		bad := bytes.Clone(b)
		bad[first+i*ElementSize] ^= BucketFlag
		if m, err := read(OpenDamaged(bytes.NewReader(bad), int64(len(bad)))); err != nil || m != want {
			t.Errorf("element %d: %+v, %v", i, m, err)
		}
		if _, err := read(Open(bytes.NewReader(bad), int64(len(bad)))); err == nil {
			t.Errorf("element %d: a strict reader takes it", i)
		}
	}
}

func FuzzPages(f *testing.F) {
	f.Add(smallSnapshot(f))
	f.Add([]byte("short"))
	f.Fuzz(func(t *testing.T, b []byte) {
		bounds, err := verify(bytes.NewReader(b), int64(len(b)))
		if err != nil && bounds != nil {
			t.Fatal("an error and bounds")
		}
	})
}
