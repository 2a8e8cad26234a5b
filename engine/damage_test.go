package engine

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/bbolt"

	"owlcache/engine/internal/format"
	"owlcache/engine/internal/pages"
)

// rewrite changes the file at path.
func rewrite(t *testing.T, path string, change func(b []byte)) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	change(b)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// folded returns a node with the key "a" in the snapshot, and n keys in the log.
func withLog(t *testing.T, n int) *node {
	t.Helper()
	s := startNode(t, t.TempDir(), Options{})
	for i := range 20 {
		mustSet(t, s, fmt.Sprint("a", i), "1", 0)
	}
	mustCheckpoint(t, s)
	for i := range n {
		mustSet(t, s, fmt.Sprint("b", i), "1", 0)
	}
	return s
}

func mustCheckpoint(t testing.TB, s *node) {
	t.Helper()
	if err := s.Checkpoint(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func mustStop(t testing.TB, s *node) {
	t.Helper()
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
}

func wantRefused(t *testing.T, path string) {
	t.Helper()
	n, err := tryNode(path, Options{})
	var corrupt *CorruptError
	if err == nil {
		_ = n.stop()
	}
	if !errors.As(err, &corrupt) {
		t.Fatalf("want a refusal, got %v", err)
	}
}

// TestDamagedMeta changes each field of the bucket meta as a flipped bit would.
func TestDamagedMeta(t *testing.T) {
	for _, field := range []string{"format", "lsn", "clock", "node", "keys", "bytes", "saved"} {
		s := withLog(t, 30)
		mustStop(t, s)
		db, err := bbolt.Open(s.snapshotPath(), 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		err = db.Update(func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte(format.BucketMeta))
			v := bytes.Clone(b.Get([]byte(field)))
			v[len(v)-2+len(v)%2] ^= 1
			return b.Put([]byte(field), v)
		})
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		wantRefused(t, s.dir.Path())
	}
}

// TestOlderMetaPage damages the newer of bbolt's two meta pages, so that it would
// show the state before the last transaction.
func TestOlderMetaPage(t *testing.T) {
	s := withLog(t, 100)
	if err := s.Delete([]byte("a0")); err != nil {
		t.Fatal(err)
	}
	mustCheckpoint(t, s)
	mustStop(t, s)
	rewrite(t, s.snapshotPath(), func(b []byte) {
		size, newest := int(binary.LittleEndian.Uint32(b[pages.HeaderSize+8:])), 0
		if binary.LittleEndian.Uint64(b[size+pages.HeaderSize+48:]) > binary.LittleEndian.Uint64(b[pages.HeaderSize+48:]) {
			newest = size
		}
		b[newest+pages.HeaderSize+20] ^= 1
	})
	wantRefused(t, s.dir.Path())
}

// TestSnapshotIsMissingOrOlder takes the snapshot away, or puts an older copy in its
// place, while the node is stopped, and while it runs.
func TestSnapshotIsMissingOrOlder(t *testing.T) {
	for _, running := range []bool{false, true} {
		for _, missing := range []bool{false, true} {
			s := withLog(t, 10)
			older, err := os.ReadFile(s.snapshotPath())
			if err != nil {
				t.Fatal(err)
			}
			mustCheckpoint(t, s)
			newer, err := os.ReadFile(s.snapshotPath())
			if err != nil {
				t.Fatal(err)
			}
			if !running {
				mustStop(t, s)
			}
			if missing {
				err = os.Remove(s.snapshotPath())
			} else {
				err = os.WriteFile(s.snapshotPath(), older, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			if running {
				mustSet(t, s, "c", "1", 0)
				if err := s.Checkpoint(context.Background()); err == nil {
					t.Fatalf("missing %v: a checkpoint was written into a file that is not the one before", missing)
				}
				mustStop(t, s)
			}
			wantRefused(t, s.dir.Path())
			if err := os.WriteFile(s.snapshotPath(), newer, 0o600); err != nil {
				t.Fatal(err)
			}
			s = startNode(t, s.dir.Path(), Options{})
			wantValue(t, s, "a1", "1")
			wantValue(t, s, "b9", "1")
			if running {
				wantValue(t, s, "c", "1")
			}
			mustStop(t, s)
		}
	}
}

// TestFreePageInUse puts a page of the tree into the freelist: it would be written
// over.
func TestFreePageInUse(t *testing.T) {
	s := withLog(t, 0)
	mustStop(t, s)
	rewrite(t, s.snapshotPath(), func(b []byte) {
		size := int(binary.LittleEndian.Uint32(b[pages.HeaderSize+8:]))
		leaf := 0
		for off := 2 * size; off+size <= len(b); off += size {
			if binary.LittleEndian.Uint16(b[off+8:]) == pages.Leaf {
				leaf = off / size
			}
		}
		for off := 2 * size; off+size <= len(b); off += size {
			if binary.LittleEndian.Uint16(b[off+8:]) == pages.Freelist {
				binary.LittleEndian.PutUint16(b[off+10:], 1)
				binary.LittleEndian.PutUint64(b[off+pages.HeaderSize:], uint64(leaf))
			}
		}
	})
	wantRefused(t, s.dir.Path())
}

// TestFileShrinksDuringACheckpoint: a fault in the mapped memory is an error, and no
// end of the process.
func TestFileShrinksDuringACheckpoint(t *testing.T) {
	s := startNode(t, t.TempDir(), Options{Sync: "no"})
	for i := range 1500 {
		mustSet(t, s, fmt.Sprint("a", i), "2", 0)
	}
	mustCheckpoint(t, s)
	for i := range 1500 {
		mustSet(t, s, fmt.Sprint("a", i), "2", 0)
	}
	// Found when the pages are checked, or else when they are touched.
	s.checkpoint.folder.afterOpen = func() {
		if err := os.Truncate(s.snapshotPath(), 8<<10); err != nil {
			t.Error(err)
		}
	}
	var damage *CorruptError
	for range 2 {
		if err := s.Checkpoint(context.Background()); !errors.As(err, &damage) {
			t.Fatalf("a file without its pages was written: %v", err)
		}
	}
	mustSet(t, s, "more", "v", 0)
	wantValue(t, s, "a1", "2")
}

func TestDirectoryWithPatternCharacters(t *testing.T) {
	s := startNode(t, filepath.Join(t.TempDir(), "cache[1"), Options{})
	mustSet(t, s, "k", "v", 0)
	s = s.restart(t, Options{})
	wantValue(t, s, "k", "v")
}

// TestFailedCheckpointIsNotTriedAllTheTime counts attempts.
func TestFailedCheckpointIsNotTriedAllTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := startNode(t, t.TempDir(), Options{Sync: "no", CheckpointLogBytes: 1, SegmentSize: 4 << 10})
		for i := range 100 {
			mustSet(t, s, fmt.Sprint("k", i), "some value of some length", 0)
		}
		waitUntil(t, func() bool { return s.Stats().Checkpoint.Done > 0 })
		if err := os.Rename(s.snapshotPath(), s.snapshotPath()+".away"); err != nil {
			t.Fatal(err)
		}
		waitUntil(t, func() bool {
			for i := range 100 {
				mustSet(t, s, fmt.Sprint("k", i), "some value of some length", 0)
			}
			return s.Stats().Checkpoint.Failed > 0
		})
		start := time.Now()
		waitUntil(t, func() bool { return s.Stats().Checkpoint.Failed > 1 })
		if pause := time.Since(start); pause < retryMin/2 {
			t.Fatalf("tried again after %v", pause)
		}
		mustStop(t, s)
	})
}
