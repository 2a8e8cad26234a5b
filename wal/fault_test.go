package wal_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"

	"owlcache/wal"
	"owlcache/wal/crashfs"
)

// runFaulty appends until the end or a failure and returns what was
// acknowledged and what was tried.
func runFaulty(fs *crashfs.FS, opts wal.Options) (ack, ask uint64, failed error) {
	l, _, err := wal.Open(opts, 0, func(uint64, []byte) error { return nil })
	if err != nil {
		return 0, 0, err
	}
	for i := range 25 {
		var b wal.Batch
		last := l.LastLSN()
		for n := range uint64(2) {
			_ = b.Add(content(last + 1 + n)) // far below the limit
		}
		ask = last + 2
		if _, err := l.Append(&b); err == nil {
			ack = ask
		} else if failed == nil {
			failed = err
		}
		if i%9 == 8 {
			if err := l.Seal(); err != nil && failed == nil {
				failed = err
			}
		}
	}
	if err := l.Close(); err != nil && failed == nil {
		failed = err
	}
	return ack, ask, failed
}

// TestFaultAtEachOperation fails each operation once, and from then on for ever:
// the failure is reported, and a restart finds what was acknowledged.
func TestFaultAtEachOperation(t *testing.T) {
	clean := crashfs.New()
	opts := wal.Options{Dir: "wal", SegmentSize: wal.MinSegmentSize, FS: clean}
	if _, _, err := runFaulty(clean, opts); err != nil {
		t.Fatal(err)
	}
	for _, fault := range []error{syscall.EIO, syscall.ENOSPC} {
		for n := range clean.Len() {
			for _, once := range []bool{true, false} {
				name := fmt.Sprintf("%v at operation %d, once %v", fault, n, once)
				fs, count, hit := crashfs.New(), 0, crashfs.Kind("")
				fs.Inject = func(op crashfs.Op) error {
					count++
					if count-1 == n || count-1 > n && !once {
						if hit == "" {
							hit = op.Kind
						}
						return fault
					}
					return nil
				}
				opts.FS = fs
				ack, ask, err := runFaulty(fs, opts)
				// A reservation is only a hint, and a new segment can be made later.
				harmless := hit == crashfs.Allocate || errors.Is(fault, syscall.ENOSPC) && ack == 50
				if err == nil && !harmless {
					t.Fatalf("%s: %s failed and nobody was told", name, hit)
				}
				if once && errors.Is(fault, syscall.ENOSPC) && errors.Is(err, wal.ErrFailed) && hit == crashfs.Write {
					t.Fatalf("%s: a full disk ended the log: %v", name, err)
				}
				for _, s := range crashfs.Survivals(2, uint64(n)) {
					opts.FS = fs.Crash(fs.Len(), s)
					l, err := reopen(opts, ack, ask, 0)
					if err != nil {
						t.Fatalf("%s (%s): survives %s: %v", name, hit, s.Name, err)
					}
					_ = l.Close()
				}
			}
		}
	}
}

// TestNoRetryAfterFailedSync: once a sync has failed, nothing is written or
// synced any more.
func TestNoRetryAfterFailedSync(t *testing.T) {
	fs := crashfs.New()
	l, _, err := wal.Open(wal.Options{Dir: "wal", FS: fs}, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	fs.Inject = func(op crashfs.Op) error {
		if op.Kind == crashfs.Sync {
			return syscall.EIO
		}
		return nil
	}
	var b wal.Batch
	_ = b.Add(content(1))
	if _, err := l.Append(&b); !errors.Is(err, wal.ErrFailed) || !errors.Is(err, syscall.EIO) {
		t.Fatalf("got %v", err)
	}
	ops := fs.Len()
	fs.Inject = nil
	if _, err := l.Append(&b); !errors.Is(err, wal.ErrFailed) {
		t.Fatalf("second append: %v", err)
	}
	if err := l.Seal(); !errors.Is(err, wal.ErrFailed) {
		t.Fatalf("seal: %v", err)
	}
	if err := l.Close(); !errors.Is(err, wal.ErrFailed) {
		t.Fatalf("close: %v", err)
	}
	if fs.Len() != ops {
		t.Fatal("the file was written after a failed sync")
	}
}

// TestFullDiskHeals fills the disk, frees room, and fills it again: refused
// batches leave no trace and all others are kept.
func TestFullDiskHeals(t *testing.T) {
	fs := crashfs.New()
	fs.Limit = 20 << 10
	opts := wal.Options{Dir: "wal", SegmentSize: wal.MinSegmentSize, FS: fs}
	l, _, err := wal.Open(opts, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(1, 1))
	refused, healed := 0, 0
	wasRefused := false
	for range 400 {
		var b wal.Batch
		last := l.LastLSN()
		for n := range 1 + rnd.Uint64N(3) {
			_ = b.Add(content(last + 1 + n))
		}
		_, err := l.Append(&b)
		switch {
		case errors.Is(err, wal.ErrNoSpace):
			if l.LastLSN() != last {
				t.Fatal("a refused batch has moved the log")
			}
			refused++
			if rnd.IntN(3) == 0 {
				segs := l.Segments()
				if err := l.DeleteThrough(segs[len(segs)/2].First - 1); err != nil {
					t.Fatal(err)
				}
			}
			wasRefused = true
		case err != nil:
			t.Fatal(err)
		case wasRefused:
			healed, wasRefused = healed+1, false
		}
	}
	last := l.LastLSN()
	if refused < 10 || healed < 5 {
		t.Fatalf("refused %d, healed %d", refused, healed)
	}
	for _, s := range crashfs.Survivals(3, 9) {
		opts.FS = fs.Crash(fs.Len(), s)
		l, err := reopen(opts, last, last, l.Segments()[0].First-1)
		if err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
		_ = l.Close()
	}
	_ = l.Close()
}
