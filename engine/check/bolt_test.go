package check

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"

	"go.etcd.io/bbolt"

	"owlcache/engine"
	"owlcache/engine/datadir"
	"owlcache/engine/internal/fold"
	"owlcache/engine/internal/format"
	"owlcache/engine/internal/pages"
	"owlcache/engine/internal/snapshot"
)

// manyPages returns a snapshot of small pages, in several levels, with free pages.
func manyPages(t testing.TB) []byte {
	path := filepath.Join(t.TempDir(), "x.db")
	w, err := snapshot.Create(path, snapshot.Options{PageSize: pages.MinPageSize, BatchKeys: 100})
	if err != nil {
		t.Fatal(err)
	}
	for round := range 4 {
		part := &fold.Part{LastLSN: uint64(7 * (round + 1))}
		for i := range 400 {
			k := i*(round+1) + round
			size := 50
			if k%97 == 0 {
				size = 3000
			}
			kind := format.RecordSet
			if round == 3 && k%3 == 0 {
				kind = format.RecordDelete
			}
			part.Add(&format.Record{Kind: kind, Entry: engine.Entry{Key: fmt.Appendf(nil, "key:%012d", k), Value: bytes.Repeat([]byte("v"), size), Version: engine.Version{Time: uint64(round + 1), Node: 1}}})
		}
		part.Sort()
		if err := w.Write(context.Background(), part); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// structure returns the offsets of headers and elements.
func structure(b []byte) (list []int) {
	size := int(binary.LittleEndian.Uint32(b[pages.HeaderSize+8:]))
	for at := 0; at+size <= len(b); at += size {
		n := 0
		switch kind := binary.LittleEndian.Uint16(b[at+8:]); {
		case at < 2*size:
			n = pages.MetaSize
		case binary.LittleEndian.Uint64(b[at:]) != uint64(at/size):
			continue
		case kind == pages.Branch:
			n = size - pages.HeaderSize
		case kind == pages.Leaf:
			n = 16 * int(binary.LittleEndian.Uint16(b[at+10:]))
		case kind == pages.Freelist:
			n = 8 * (int(binary.LittleEndian.Uint16(b[at+10:])) + 2)
		}
		for i := range min(pages.HeaderSize+n, size) {
			list = append(list, at+i)
		}
	}
	return list
}

// TestBoltFindsNoMore flips bytes of a snapshot: where bbolt's own check finds something,
// ours does too. bbolt may run for ever on a file that is damaged, so it reads those alone
// that have no failure by our check.
func TestBoltFindsNoMore(t *testing.T) {
	p := newFlipPatient(t, false)
	for name, good := range map[string][]byte{"pages of 4096": p.Files[datadir.SnapshotFile], "pages of 1024": manyPages(t)} {
		t.Run(name, func(t *testing.T) {
			dir := p.Copy(t, nil)
			path := filepath.Join(dir, datadir.SnapshotFile)
			places := structure(good)
			rnd := rand.New(rand.NewPCG(1, 3))
			read := 0
			for range flips / 2 {
				f := flip{file: datadir.SnapshotFile, at: places[rnd.IntN(len(places))], mask: byte(1 + rnd.IntN(255))}
				b := bytes.Clone(good)
				b[f.at] ^= f.mask
				if err := os.WriteFile(path, b, 0o600); err != nil {
					t.Fatal(err)
				}
				warned, failed := snapshotFindings(t, dir)
				if failed {
					continue
				}
				read++
				if err := boltCheck(path); err != nil && !warned {
					t.Errorf("%v: bbolt alone finds: %v", f, err)
				}
			}
			t.Logf("bbolt has read %d", read)
		})
	}
}

// snapshotFindings checks a directory, and tells what was found of the snapshot.
func snapshotFindings(t *testing.T, dir string) (warned, failed bool) {
	t.Helper()
	report, err := Run(context.Background(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Findings {
		if f.File == datadir.SnapshotFile {
			warned = warned || f.Level == Warn
			failed = failed || f.Level == Fail
		}
	}
	return warned, failed
}

// boltCheck is bbolt's own check.
func boltCheck(path string) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("bbolt: %v", p)
		}
	}()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	var found []error
	err = db.View(func(tx *bbolt.Tx) error {
		for err := range tx.Check() {
			found = append(found, err)
		}
		return nil
	})
	return errors.Join(append(found, err, db.Close())...)
}
