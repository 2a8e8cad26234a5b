package wal_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"owlcache/wal"
	"owlcache/wal/crashfs"
)

type raw []byte

func (r raw) AppendTo(dst []byte) []byte { return append(dst, r...) }

// content is what record lsn of the workload holds.
func content(lsn uint64) raw {
	rnd := rand.New(rand.NewPCG(lsn, 2))
	b := fmt.Appendf(nil, "record %d ", lsn)
	for range rnd.IntN(40) * rnd.IntN(40) {
		b = append(b, byte(rnd.Uint32()|1))
	}
	return b
}

type (
	acked uint64 // all records up to here were acknowledged
	asked uint64 // records up to here may have been written
	from  uint64 // a checkpoint covers the log up to here
)

// workload appends, seals and deletes, and marks in the trace what it was told.
func workload(t testing.TB, fs *crashfs.FS, opts wal.Options, start uint64, steps int, rnd *rand.Rand) {
	l, _, err := wal.Open(opts, start, func(uint64, []byte) error { return nil })
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	defer l.Close() //nolint:errcheck // the state at the end is one of those that are tried
	for range steps {
		switch last := l.LastLSN(); rnd.IntN(10) {
		case 0:
			if err := l.Seal(); err != nil {
				t.Fatalf("Seal: %v", err)
			}
			fs.Mark(acked(last)) // whatever the policy
		case 2:
			if opts.Sync == wal.SyncEverySecond {
				l.SyncNow()
				fs.Mark(acked(last))
			}
		case 1:
			sealed := uint64(0)
			for _, s := range l.Segments() {
				if s.Sealed {
					sealed = s.Last
				}
			}
			start = max(start, sealed)
			fs.Mark(from(start))
			if err := l.DeleteThrough(start); err != nil {
				t.Fatalf("DeleteThrough: %v", err)
			}
		default:
			var b wal.Batch
			n := 1 + rnd.Uint64N(4)
			for i := range n {
				if err := b.Add(content(last + 1 + i)); err != nil {
					t.Fatal(err)
				}
			}
			fs.Mark(asked(last + n))
			if _, err := l.Append(&b); err != nil {
				t.Fatalf("Append: %v", err)
			}
			if opts.Sync == wal.SyncAlways {
				fs.Mark(acked(last + n))
			}
		}
	}
}

// marks returns the last mark of each kind before operation n.
func marks(fs *crashfs.FS, n int) (ack, ask, start uint64) {
	for _, m := range fs.Marks(n) {
		switch m := m.(type) {
		case acked:
			ack = uint64(m)
		case asked:
			ask = uint64(m)
		case from:
			start = uint64(m)
		}
	}
	return ack, ask, start
}

// reopen recovers from a crashed file system and checks what is found.
func reopen(opts wal.Options, ack, ask, start uint64) (*wal.Log, error) {
	next := start + 1
	l, rec, err := wal.Open(opts, start, func(lsn uint64, b []byte) error {
		if lsn != next {
			return fmt.Errorf("record %d where %d was due", lsn, next)
		}
		if !bytes.Equal(b, content(lsn)) {
			return fmt.Errorf("record %d has the wrong content", lsn)
		}
		next++
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case next-1 < ack:
		err = fmt.Errorf("acknowledged up to %d, recovered up to %d (%+v)", ack, next-1, rec)
	case next-1 > max(ask, start):
		err = fmt.Errorf("recovered up to %d, written at most up to %d", next-1, ask)
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// TestCrashStates stops a workload at each operation, lets several parts of what
// was not synced survive, and recovers: nothing that was acknowledged is missing,
// nothing is there that was never written, and the log goes on. Every crashed
// recovery is crashed again.
func TestCrashStates(t *testing.T) {
	states := 0
	for seed := range uint64(rounds) {
		for _, policy := range []wal.SyncPolicy{wal.SyncAlways, wal.SyncEverySecond, wal.SyncNever} {
			fs := crashfs.New()
			opts := wal.Options{Dir: "wal", SegmentSize: wal.MinSegmentSize, Sync: policy, FS: fs}
			rnd := rand.New(rand.NewPCG(seed, uint64(policy)))
			workload(t, fs, opts, 0, 30, rnd)
			_, _, start := marks(fs, fs.Len())
			workload(t, fs, opts, start, 12, rnd) // a second run on the same log
			for n := range fs.Len() + 1 {
				ack, ask, start := marks(fs, n)
				for _, s := range crashfs.Survivals(3, seed<<32+uint64(n)) {
					states += tryState(t, fs.Crash(n, s), opts, s.Name, ack, ask, start, rnd)
				}
				if t.Failed() {
					t.Fatalf("seed %d, %v, crash behind operation %d", seed, policy, n)
				}
			}
		}
	}
	t.Logf("%d crash states", states)
}

// tryState recovers from one state, and from crashes in that recovery.
func tryState(t *testing.T, fs *crashfs.FS, opts wal.Options, name string, ack, ask, start uint64, rnd *rand.Rand) int {
	t.Helper()
	opts.FS = fs
	l, err := reopen(opts, ack, ask, start)
	if err != nil {
		t.Errorf("survives: %s: %v", name, err)
		return 1
	}
	recovered, ops := l.LastLSN(), fs.Len()
	var b wal.Batch
	if err := b.Add(content(recovered + 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(&b); err != nil {
		t.Errorf("survives: %s: append after recovery: %v", name, err)
	}
	if err := l.Close(); err != nil {
		t.Errorf("survives: %s: close after recovery: %v", name, err)
	}
	if l, err := reopen(opts, recovered+1, recovered+1, start); err != nil {
		t.Errorf("survives: %s: after recovery, append and close: %v", name, err)
	} else if err := l.Close(); err != nil {
		t.Error(err)
	}
	if ops == 0 {
		return 2
	}
	n := rnd.IntN(ops + 1)
	for _, s := range crashfs.Survivals(1, rnd.Uint64()) {
		opts.FS = fs.Crash(n, s)
		l, err := reopen(opts, ack, ask, start)
		if err != nil {
			t.Errorf("survives: %s, then, %d operations into recovery, %s: %v", name, n, s.Name, err)
			continue
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	return 8
}
