package wal

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// salvaged is what Salvage finds in dir: all records must be right.
func salvaged(t *testing.T, dir string) (Salvaged, map[uint64]bool) {
	t.Helper()
	got := map[uint64]bool{}
	last := uint64(0)
	found, err := Salvage(nil, dir, func(lsn uint64, path string, off int64, b []byte) error {
		if lsn <= last {
			t.Fatalf("record %d follows %d", lsn, last)
		}
		if !bytes.Equal(b, payload(lsn)) {
			t.Fatalf("record %d has the wrong content: %.60q", lsn, b)
		}
		last, got[lsn] = lsn, true
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found, got
}

// wantListed checks that each record is either there or in the list of flaws.
func wantListed(t *testing.T, what string, found Salvaged, got map[uint64]bool, last uint64) {
	t.Helper()
	for lsn := uint64(1); lsn <= last; lsn++ {
		listed := false
		for _, f := range found.Flaws {
			listed = listed || f.Lost() && f.First <= lsn && (f.Last == 0 || lsn <= f.Last)
		}
		if listed == got[lsn] {
			t.Fatalf("%s: record %d: there %v, listed as lost %v: %+v", what, lsn, got[lsn], listed, found.Flaws)
		}
	}
}

func TestSalvageOfAGoodLog(t *testing.T) {
	dir, _ := damaged(t)
	found, got := salvaged(t, dir)
	if len(found.Flaws) > 0 || len(got) != 24 || found.First != 1 || found.End != 24 {
		t.Fatalf("%+v", found)
	}
	dir, _ = crashed(t)
	found, got = salvaged(t, dir)
	if len(found.Flaws) > 0 || len(got) != 24 || found.End != 24 {
		t.Fatalf("%+v", found)
	}
}

// TestSalvageEveryByte damages each byte of a segment: at most the record that was
// hit is lost, and it is listed.
func TestSalvageEveryByte(t *testing.T) {
	for name, make := range map[string]func(*testing.T) (string, string){
		"sealed": func(t *testing.T) (string, string) { dir, files := damaged(t); return dir, files[1] },
		"last":   crashed,
	} {
		t.Run(name, func(t *testing.T) {
			dir, path := make(t)
			good := readFile(t, path)
			for at := range good {
				bad := bytes.Clone(good)
				bad[at] ^= 1 << (at % 8)
				writeFile(t, path, bad)
				found, got := salvaged(t, dir)
				if len(got) < 23 || len(found.Flaws) != 1 || len(got) == 24 && at >= HeaderSize {
					t.Fatalf("byte %d: %d records, %+v", at, len(got), found.Flaws)
				}
				wantListed(t, fmt.Sprintf("byte %d", at), found, got, 24)
			}
		})
	}
}

func TestSalvageWithoutASegment(t *testing.T) {
	for i := range 3 {
		dir, files := damaged(t)
		whole, _ := salvaged(t, dir)
		if err := os.Remove(files[i]); err != nil {
			t.Fatal(err)
		}
		found, got := salvaged(t, dir)
		if found.End != whole.End || len(got) >= 24 || len(got) == 0 {
			t.Fatalf("segment %d: %+v", i, found)
		}
		if i == 0 {
			if found.First < 2 || got[found.First-1] {
				t.Fatalf("%+v", found)
			}
			continue
		}
		wantListed(t, fmt.Sprintf("segment %d", i), found, got, 24)
	}
}

func TestSalvageCutSegments(t *testing.T) {
	dir, files := damaged(t)
	for _, path := range files[:3] {
		good := readFile(t, path)
		for size := len(good) - 1; size >= 0; size-- {
			if err := os.Truncate(path, int64(size)); err != nil {
				t.Fatal(err)
			}
			found, got := salvaged(t, dir)
			if path == files[0] && size < HeaderSize+recordOverhead+len(payload(1)) {
				continue // where the log began is not known then
			}
			wantListed(t, fmt.Sprintf("%s cut to %d", filepath.Base(path), size), found, got, 24)
		}
		writeFile(t, path, good)
	}
}

// TestSalvageRandomDamage damages many places at once.
func TestSalvageRandomDamage(t *testing.T) {
	dir, files := damaged(t)
	rnd := rand.New(rand.NewPCG(3, 4))
	good := map[string][]byte{}
	for _, path := range files {
		good[path] = readFile(t, path)
	}
	for round := range 300 {
		for range 1 + rnd.IntN(12) {
			path := files[rnd.IntN(len(files))]
			b := readFile(t, path)
			if len(b) == 0 {
				continue
			}
			for i, n := rnd.IntN(len(b)), 1+rnd.IntN(40); n > 0 && i < len(b); i, n = i+1, n-1 {
				b[i] = byte(rnd.Uint32())
			}
			writeFile(t, path, b)
		}
		found, got := salvaged(t, dir)
		for lsn := found.First; lsn <= 24; lsn++ {
			if !got[lsn] && len(found.Flaws) == 0 {
				t.Fatalf("round %d: record %d is missing and nothing is listed", round, lsn)
			}
		}
		for path, b := range good {
			writeFile(t, path, b)
		}
	}
}

// TestSalvageIsNotFooledByValues hides records of a log in values, and damages what
// they lie in: they are never taken for records of this log.
func TestSalvageIsNotFooledByValues(t *testing.T) {
	hidden := func(first uint64, n int) []byte {
		var b Batch
		for range n {
			if err := b.Add(raw("a forged record")); err != nil {
				t.Fatal(err)
			}
		}
		b.stamp(first, 0)
		return b.buf
	}
	opts := Options{Dir: t.TempDir()}
	l, _, _ := mustOpen(t, opts, 0)
	values := []raw{raw("one"), raw("two"), append(raw("three"), hidden(4, 20)...), raw("four"), raw("five"),
		raw("six"), append(raw("seven"), hidden(7, 3)...), hidden(8, 1)}
	var b Batch
	for _, v := range values {
		if err := b.Add(v); err != nil {
			t.Fatal(err)
		}
	}
	for range 30 { // what is true has more records around it
		if err := b.Add(raw("a record like any other")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Append(&b); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(opts.Dir, SegmentName(1))
	good := readFile(t, path)
	for at := HeaderSize; at < len(good); at++ {
		bad := bytes.Clone(good)
		bad[at] ^= 0x10
		writeFile(t, path, bad)
		records := 0
		_, err := Salvage(nil, opts.Dir, func(lsn uint64, _ string, _ int64, b []byte) error {
			records++
			if bytes.Equal(b, raw("a forged record")) {
				t.Fatalf("byte %d: a value was taken for record %d", at, lsn)
			}
			return nil
		})
		if err != nil || records != len(values)+29 {
			t.Fatalf("byte %d: %d records, %v", at, records, err)
		}
	}
}

func TestCreateGoesOnBehind(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "wal")
	if err := Create(nil, dir, 1000); err != nil {
		t.Fatal(err)
	}
	l, rec, _ := mustOpen(t, Options{Dir: dir}, 999)
	if rec.LastLSN != 999 || l.LastLSN() != 999 {
		t.Fatalf("%+v", rec)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// FuzzSalvage reads arbitrary bytes as a segment between two others.
func FuzzSalvage(f *testing.F) {
	var b Batch
	for range 3 {
		if err := b.Add(raw("record")); err != nil {
			f.Fatal(err)
		}
	}
	b.stamp(5, 4)
	var header [HeaderSize]byte
	segmentHeader{first: 5}.put(header[:])
	good := append(header[:], b.buf...)
	f.Add(good)
	f.Add(good[1:])
	f.Add(append(bytes.Clone(good[:HeaderSize+10]), good[HeaderSize+31:]...))
	f.Fuzz(func(t *testing.T, content []byte) {
		dir := t.TempDir()
		writeFile(t, filepath.Join(dir, SegmentName(2)), content)
		if err := Create(nil, dir, 1); err != nil {
			t.Fatal(err)
		}
		last, total := uint64(0), 0
		_, err := Salvage(nil, dir, func(lsn uint64, _ string, _ int64, b []byte) error {
			if lsn <= last {
				t.Fatalf("record %d follows %d", lsn, last)
			}
			last, total = lsn, total+recordOverhead+len(b)
			return nil
		})
		if err == nil && total > len(content) {
			t.Fatalf("%d bytes of records in %d", total, len(content))
		}
	})
}
