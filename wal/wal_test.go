package wal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// raw is a Payload of plain bytes.
type raw []byte

func (r raw) AppendTo(dst []byte) []byte { return append(dst, r...) }

// payload is the content that every test gives record lsn: it can be told from
// the number alone whether a record is right.
func payload(lsn uint64) []byte {
	rnd := rand.New(rand.NewPCG(lsn, 1))
	b := make([]byte, 8+rnd.IntN(300)*rnd.IntN(6))
	binary.LittleEndian.PutUint64(b, lsn)
	for i := 8; i < len(b); i++ {
		b[i] = byte(rnd.Uint32())
	}
	return b
}

// collector checks what a log replays: LSNs without gaps, right payloads.
type collector struct {
	t     testing.TB
	first uint64
	last  uint64
}

func (c *collector) replay(lsn uint64, b []byte) error {
	c.t.Helper()
	if c.first == 0 {
		c.first = lsn
	} else if lsn != c.last+1 {
		c.t.Errorf("record %d follows %d", lsn, c.last)
	}
	c.last = lsn
	if !bytes.Equal(b, payload(lsn)) {
		c.t.Errorf("record %d has the wrong content (%d bytes)", lsn, len(b))
	}
	return nil
}

// appendN appends n records in one batch.
func appendN(l *Log, n int) error {
	var b Batch
	for i := range n {
		if err := b.Add(raw(payload(l.LastLSN() + 1 + uint64(i)))); err != nil {
			return err
		}
	}
	_, err := l.Append(&b)
	return err
}

func mustOpen(t testing.TB, opts Options, from uint64) (*Log, Recovered, *collector) {
	t.Helper()
	c := &collector{t: t}
	l, rec, err := Open(opts, from, c.replay)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l, rec, c
}

func mustAppend(t testing.TB, l *Log, n int) {
	t.Helper()
	if err := appendN(l, n); err != nil {
		t.Fatalf("Append: %v", err)
	}
}

func TestReopen(t *testing.T) {
	for _, policy := range []SyncPolicy{SyncAlways, SyncEverySecond, SyncNever} {
		t.Run(policy.String(), func(t *testing.T) {
			opts := Options{Dir: t.TempDir(), SegmentSize: MinSegmentSize, Sync: policy}
			total := uint64(0)
			for round := range 5 {
				l, rec, c := mustOpen(t, opts, 0)
				if c.last != total || rec.LastLSN != total || rec.TornBytes != 0 {
					t.Fatalf("round %d: replayed to %d, want %d; %+v", round, c.last, total, rec)
				}
				for n := range 7 {
					mustAppend(t, l, n)
					total += uint64(n)
				}
				if err := l.Close(); err != nil {
					t.Fatalf("Close: %v", err)
				}
				if err := appendN(l, 1); err != ErrClosed { //nolint:errorlint // exactly this
					t.Fatalf("Append after Close: %v", err)
				}
			}
		})
	}
}

func TestReplayFromLSN(t *testing.T) {
	opts := Options{Dir: t.TempDir(), SegmentSize: MinSegmentSize}
	l, _, _ := mustOpen(t, opts, 0)
	for range 30 {
		mustAppend(t, l, 3)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for from := uint64(0); from <= 95; from += 5 {
		r, err := NewReader(nil, opts.Dir, from)
		if err != nil {
			t.Fatal(err)
		}
		c := &collector{t: t}
		for r.Next() {
			if err := c.replay(r.LSN(), r.Record()); err != nil {
				t.Fatal(err)
			}
		}
		if r.Err() != nil {
			t.Fatal(r.Err())
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if from < 90 && (c.first != from+1 || c.last != 90) {
			t.Errorf("from %d: got %d to %d", from, c.first, c.last)
		}
		if from >= 90 && c.first != 0 {
			t.Errorf("from %d: got record %d", from, c.first)
		}
	}
}

// TestLogThatIsTooShort: a log that ends before the LSN that it must reach has lost
// segments. Nothing is changed.
func TestLogThatIsTooShort(t *testing.T) {
	opts := Options{Dir: t.TempDir(), SegmentSize: MinSegmentSize}
	l, _, _ := mustOpen(t, opts, 0)
	for range 30 {
		mustAppend(t, l, 1)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	before := len(segmentFiles(t, opts.Dir))
	var corrupt *CorruptError
	for _, from := range []uint64{31, 200} {
		if _, _, err := Open(opts, from, nil); !errors.As(err, &corrupt) {
			t.Fatalf("from %d: %v", from, err)
		}
	}
	if _, _, err := Open(Options{Dir: t.TempDir()}, 1, nil); !errors.As(err, &corrupt) {
		t.Fatalf("no log at all: %v", err)
	}
	if after := len(segmentFiles(t, opts.Dir)); after != before {
		t.Fatalf("%d segments, there were %d", after, before)
	}
	// And the other way round: the empty segment at the end tells what was there.
	for _, path := range segmentFiles(t, opts.Dir)[:before-1] {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := Open(opts, 29, nil); !errors.As(err, &corrupt) {
		t.Fatalf("from 29, when the log goes on with 31: %v", err)
	}
	if l, _, _ := mustOpen(t, opts, 30); l.LastLSN() != 30 {
		t.Fatalf("last LSN is %d", l.LastLSN())
	}
}

func TestDeleteThrough(t *testing.T) {
	opts := Options{Dir: t.TempDir(), SegmentSize: MinSegmentSize}
	l, _, _ := mustOpen(t, opts, 0)
	for range 40 {
		mustAppend(t, l, 2)
	}
	if err := l.Seal(); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, l, 1)
	before := l.Segments()
	if len(before) < 4 {
		t.Fatalf("only %d segments", len(before))
	}
	cut := before[2].Last // the first three go, and nothing else
	if err := l.DeleteThrough(cut); err != nil {
		t.Fatal(err)
	}
	if after := l.Segments(); len(after) != len(before)-3 || after[0].Seq != before[3].Seq {
		t.Fatalf("segments after: %+v", after)
	}
	if err := l.DeleteThrough(1 << 40); err != nil {
		t.Fatal(err)
	}
	if after := l.Segments(); len(after) != 1 || after[0].First != 81 {
		t.Fatalf("the current segment must stay: %+v", after)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	_, _, c := mustOpen(t, opts, 80)
	if c.first != 81 || c.last != 81 {
		t.Fatalf("replayed %d to %d", c.first, c.last)
	}
	if _, err := NewReader(nil, opts.Dir, 0); err == nil {
		t.Fatal("a log without its beginning was accepted")
	}
}

func TestSegmentEndsAtSize(t *testing.T) {
	opts := Options{Dir: t.TempDir(), SegmentSize: 8 << 10}
	l, _, _ := mustOpen(t, opts, 0)
	for range 200 {
		mustAppend(t, l, 1)
	}
	for _, s := range l.Segments() {
		fi, err := os.Stat(s.Path)
		if err != nil {
			t.Fatal(err)
		}
		if s.Bytes > opts.SegmentSize || s.Sealed && fi.Size() != s.Bytes {
			t.Errorf("%s: %d bytes, file %d, sealed %v", s.Path, s.Bytes, fi.Size(), s.Sealed)
		}
	}
}

func TestRecordTooLarge(t *testing.T) {
	var b Batch
	if err := b.Add(raw("ok")); err != nil {
		t.Fatal(err)
	}
	if err := b.Add(raw(make([]byte, MaxRecordSize+1))); err != ErrTooLarge { //nolint:errorlint // exactly this
		t.Fatalf("got %v", err)
	}
	if b.Len() != 1 {
		t.Fatalf("the refused record stayed: %d", b.Len())
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for name, o := range map[string]Options{
		"no dir":        {},
		"small segment": {Dir: "x", SegmentSize: 10},
		"large segment": {Dir: "x", SegmentSize: 1 << 40},
		"policy":        {Dir: "x", Sync: 9},
	} {
		if _, _, err := Open(o, 0, nil); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := ParseSyncPolicy("sometimes"); err == nil {
		t.Error("policy sometimes: accepted")
	}
}

func segmentFiles(t testing.TB, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"+SegmentSuffix))
	if err != nil {
		t.Fatal(err)
	}
	return names
}
