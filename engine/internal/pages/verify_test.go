package pages

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

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
