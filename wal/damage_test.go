package wal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// damaged is a closed log of a few segments that tests damage.
func damaged(t *testing.T) (dir string, segments []string) {
	t.Helper()
	opts := Options{Dir: t.TempDir(), SegmentSize: MinSegmentSize}
	l, _, _ := mustOpen(t, opts, 0)
	for range 12 {
		mustAppend(t, l, 2)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	files := segmentFiles(t, opts.Dir)
	if len(files) < 3 {
		t.Fatalf("only %d segments", len(files))
	}
	return opts.Dir, files
}

// replay reads all records of dir and returns the last LSN.
func replay(t *testing.T, dir string) (uint64, error) {
	t.Helper()
	c := &collector{t: t}
	r, err := NewReader(nil, dir, 0)
	if err != nil {
		return 0, err
	}
	for r.Next() {
		if err := c.replay(r.LSN(), r.Record()); err != nil {
			return 0, err
		}
	}
	return c.last, errors.Join(r.Err(), r.Close())
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func writeFile(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// eachFlip calls f with each bit of a file flipped in turn, and leaves the file as it was.
// One byte is written in place: to write the whole file anew takes many times as long.
func eachFlip(t *testing.T, path string, f func(bit int)) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // a test's file
	put := func(b byte, at int) {
		if _, err := file.WriteAt([]byte{b}, int64(at)); err != nil {
			t.Fatal(err)
		}
	}
	for i, good := range readFile(t, path) {
		for bit := range 8 {
			put(good^1<<bit, i)
			f(8*i + bit)
		}
		put(good, i)
	}
}

// TestEveryBitOfASealedSegment flips each bit: it is always reported, with the
// segment, and no record is ever wrong.
func TestEveryBitOfASealedSegment(t *testing.T) {
	dir, files := damaged(t)
	for _, path := range files[1:2] {
		eachFlip(t, path, func(bit int) {
			_, err := replay(t, dir)
			var corrupt *CorruptError
			if !errors.As(err, &corrupt) {
				t.Fatalf("%s, bit %d: %v", filepath.Base(path), bit, err)
			}
		})
	}
	if last, err := replay(t, dir); err != nil || last != 24 {
		t.Fatalf("undamaged: %d, %v", last, err)
	}
}

// TestEveryTruncationOfASealedSegment cuts at each byte.
func TestEveryTruncationOfASealedSegment(t *testing.T) {
	dir, files := damaged(t)
	good := readFile(t, files[1])
	for size := len(good) - 1; size >= 0; size-- {
		if err := os.Truncate(files[1], int64(size)); err != nil {
			t.Fatal(err)
		}
		var corrupt *CorruptError
		if _, err := replay(t, dir); !errors.As(err, &corrupt) {
			t.Fatalf("cut to %d bytes: %v", size, err)
		}
	}
	for _, n := range []int{1, 100, 5000} {
		writeFile(t, files[1], append(bytes.Clone(good), make([]byte, n)...))
		var corrupt *CorruptError
		if _, err := replay(t, dir); !errors.As(err, &corrupt) {
			t.Fatalf("%d zeros too many: %v", n, err)
		}
	}
}

// crashed is a log whose process was killed: the last segment is not sealed.
func crashed(t *testing.T) (dir, last string) {
	t.Helper()
	dir, files := damaged(t)
	if err := os.Remove(files[len(files)-1]); err != nil { // the empty one that Close left
		t.Fatal(err)
	}
	return dir, files[len(files)-2]
}

// TestEveryBitOfTheLastSegment flips each bit of a segment that a killed process
// left: a record is either right, or reported, or cut off with everything behind
// it and nothing that was provably durable.
func TestEveryBitOfTheLastSegment(t *testing.T) {
	dir, path := crashed(t)
	reported, cut := 0, 0
	eachFlip(t, path, func(bit int) {
		last, err := replay(t, dir)
		var corrupt *CorruptError
		switch {
		case errors.As(err, &corrupt):
			reported++
		case err != nil:
			t.Fatalf("bit %d: %v", bit, err)
		case last >= 24:
			t.Fatalf("bit %d: not noticed", bit)
		case last < 22:
			t.Fatalf("bit %d: cut behind %d, which was durable when the next batch was written", bit, last)
		default:
			cut++
		}
	})
	// Of the last record only a wrong header can be taken for a torn end.
	if most := 2 * recordHeaderSize * 8; cut > most || reported < cut {
		t.Errorf("%d flips reported, %d taken for a torn end, at most %d may be", reported, cut, most)
	}
}

// TestSearchForAWitnessIsBounded: content that looks like headers everywhere does not
// make the search quadratic.
func TestSearchForAWitnessIsBounded(t *testing.T) {
	b := make([]byte, 4<<20)
	for i := recordOverhead * 4; i+recordHeaderSize < len(b); i += recordHeaderSize {
		le.PutUint32(b[i+4:], uint32(len(b)-i-recordOverhead)) // as long as can be
		le.PutUint64(b[i+8:], 3)
		le.PutUint64(b[i+16:], 2)
	}
	done := make(chan bool, 1)
	go func() { done <- hasWitness(b, 1) }()
	select {
	case found := <-done:
		if found {
			t.Fatal("a witness was found where there is none")
		}
	case <-time.After(time.Minute): // the full search takes hours
		t.Fatal("the search has no bound")
	}
}

// unsyncedFS is the real file system without its slow part, for tests of what is read.
type unsyncedFS struct{ osFS }

type unsyncedFile struct{ File }

func (f unsyncedFS) Create(path string) (File, error) {
	file, err := f.osFS.Create(path)
	return unsyncedFile{file}, err
}

func (f unsyncedFS) OpenWrite(path string) (File, error) {
	file, err := f.osFS.OpenWrite(path)
	return unsyncedFile{file}, err
}

func (unsyncedFS) SyncDir(string) error { return nil }
func (unsyncedFile) Sync() error        { return nil }

// TestTornEnd cuts the last segment of a killed process at each byte, and puts
// garbage behind it: the log opens, and holds the whole records before the cut.
func TestTornEnd(t *testing.T) {
	dir, path := crashed(t)
	good := readFile(t, path)
	others := segmentFiles(t, dir)
	garbage := []byte(strings.Repeat("\xa5\x17", 40))
	for size := 0; size <= len(good); size += 7 {
		for name, rest := range map[string][]byte{"cut": nil, "zeros": make([]byte, 1000), "garbage": garbage} {
			fresh := t.TempDir()
			for _, o := range others {
				writeFile(t, filepath.Join(fresh, filepath.Base(o)), readFile(t, o))
			}
			writeFile(t, filepath.Join(fresh, filepath.Base(path)), append(bytes.Clone(good[:size]), rest...))
			want, err := replay(t, fresh)
			if err != nil && name == "garbage" {
				continue // overwritten bytes are not what a crash leaves: refused
			} else if err != nil {
				t.Fatalf("%s at %d: %v", name, size, err)
			}
			l, rec, c := mustOpen(t, Options{Dir: fresh, SegmentSize: MinSegmentSize, FS: unsyncedFS{}}, 0)
			if c.last != want || rec.TornBytes > 0 && rec.Broken == "" && name == "garbage" {
				t.Fatalf("%s at %d: opened up to %d, want %d: %+v", name, size, c.last, want, rec)
			}
			if rec.Broken != "" && !bytes.Contains(append(bytes.Clone(good[:size]), rest...), readFile(t, rec.Broken)) {
				t.Fatalf("%s at %d: the copy is not what was cut", name, size)
			}
			mustAppend(t, l, 1)
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			if last, err := replay(t, fresh); err != nil || last != want+1 {
				t.Fatalf("%s at %d: after an append: %d, %v", name, size, last, err)
			}
		}
	}
}

func TestNewerFormatIsRefused(t *testing.T) {
	dir, files := damaged(t)
	b := readFile(t, files[0])
	le.PutUint32(b[8:], formatVersion+1)
	le.PutUint32(b[12:], headerChecksum(b))
	writeFile(t, files[0], b)
	_, err := replay(t, dir)
	if err == nil || !strings.Contains(err.Error(), "newer format") {
		t.Fatalf("got %v", err)
	}
}

func TestMissingSegmentIsRefused(t *testing.T) {
	dir, files := damaged(t)
	if err := os.Remove(files[1]); err != nil {
		t.Fatal(err)
	}
	var corrupt *CorruptError
	if _, err := replay(t, dir); !errors.As(err, &corrupt) || corrupt.Path != files[2] {
		t.Fatalf("got %v", err)
	}
}

// FuzzSegment reads arbitrary bytes as the last segment: no panic, and nothing
// that is longer than the file.
func FuzzSegment(f *testing.F) {
	dir := f.TempDir()
	l, _, err := Open(Options{Dir: dir, SegmentSize: MinSegmentSize}, 0, nil)
	if err != nil {
		f.Fatal(err)
	}
	if err := appendN(l, 3); err != nil {
		f.Fatal(err)
	}
	if err := l.Close(); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(filepath.Join(dir, SegmentName(1)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:HeaderSize])
	f.Add(bytes.Repeat([]byte{0}, 100))
	f.Fuzz(func(t *testing.T, b []byte) {
		dir := t.TempDir()
		writeFile(t, filepath.Join(dir, SegmentName(1)), b)
		r, err := NewReader(nil, dir, 0)
		if err != nil {
			return
		}
		total := 0
		for r.Next() {
			total += recordOverhead + len(r.Record())
		}
		if total > len(b) {
			t.Fatalf("%d bytes of records in %d", total, len(b))
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
