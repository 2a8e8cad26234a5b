package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"owlcache/engine/datadir"
	"owlcache/wal/crashfs"
)

// keysOf is what a store holds, by key.
type keysOf map[string]string

// Marks in the trace of the log's file system.
type (
	acked keysOf // this is what was acknowledged
	asked keysOf // this is what an operation on its way would make of it
)

// recorder runs a workload and keeps, for each operation on the log's file system,
// the snapshot file as it was just before.
type recorder struct {
	fs        *crashfs.FS
	path      string // of the snapshot
	snapshots [][]byte
	last      os.FileInfo
}

func (r *recorder) before(crashfs.Op) error {
	for len(r.snapshots) <= r.fs.Operations() {
		r.snapshots = append(r.snapshots, r.snapshot())
	}
	return nil
}

// snapshot returns the content of the file, nil if there is none, reading it only
// if it has changed.
func (r *recorder) snapshot() []byte {
	fi, err := os.Stat(r.path)
	if err != nil {
		return nil
	}
	if r.last != nil && os.SameFile(fi, r.last) && fi.ModTime().Equal(r.last.ModTime()) {
		return r.snapshots[len(r.snapshots)-1]
	}
	r.last = fi
	b, err := os.ReadFile(r.path)
	if err != nil {
		panic(err)
	}
	return b
}

// work does random commits, checkpoints and restarts.
func (r *recorder) work(t *testing.T, path string, rnd *rand.Rand, opts Options, steps int) {
	now := keysOf{}
	var s *node
	for step := range steps {
		if s == nil {
			s = startNode(t, path, opts)
			s.checkpoint.folder.budget = func() int64 { return 1500 }
		}
		switch rnd.IntN(16) {
		case 0:
			if err := s.Checkpoint(context.Background()); err != nil {
				t.Fatal(err)
			}
		case 1:
			if err := s.stop(); err != nil {
				t.Fatal(err)
			}
			s = nil
		default:
			ops, next := randomOps(rnd, now, step)
			r.fs.Mark(asked(next))
			if err := s.Commit(ops); err != nil {
				t.Fatal(err)
			}
			r.fs.Mark(acked(next))
			now = next
		}
	}
	if s != nil {
		if err := s.stop(); err != nil {
			t.Fatal(err)
		}
	}
}

// randomOps draws a commit of one or more operations and says what it makes of now.
func randomOps(rnd *rand.Rand, now keysOf, step int) (ops []Op, next keysOf) {
	next = maps.Clone(now)
	for range 1 + rnd.IntN(3) {
		key := fmt.Sprintf("k%d", rnd.IntN(8))
		op := Op{Kind: Set, Key: []byte(key)}
		switch _, there := next[key]; {
		case there && rnd.IntN(3) == 0:
			op.Kind = Delete
			delete(next, key)
		case there && rnd.IntN(3) == 0:
			op.Kind, op.Expires = Expire, inFuture()
		default:
			op.Value = bytes.Repeat(fmt.Appendf(nil, "%d.", step), 1+rnd.IntN(200))
			next[key] = string(op.Value)
		}
		ops = append(ops, op)
	}
	return ops, next
}

// TestCrashStates stops a store at each operation on its log, lets several parts of
// what was not synced survive, together with the snapshot as it was then, and
// starts it again: it holds what was acknowledged, or that and the commit that was
// on its way, whole.
func TestCrashStates(t *testing.T) {
	t.Parallel()
	states := 0
	for seed := range uint64(rounds(1, 4)) {
		path := filepath.Join(t.TempDir(), "data")
		r := &recorder{fs: crashfs.New(), path: filepath.Join(path, datadir.SnapshotFile)}
		r.fs.Inject = r.before
		opts := Options{SegmentSize: 4 << 10, logFS: r.fs, compactAbove: 1}
		r.work(t, path, rand.New(rand.NewPCG(seed, 3)), opts, rounds(40, 60))
		r.fs.Inject = nil
		for n := range r.fs.Len() {
			want, perhaps := r.expected(n)
			for _, snapshot := range r.around(n) {
				for _, s := range crashfs.Survivals(1, seed<<32+uint64(n)) {
					states++
					opts.logFS = r.fs.Crash(n, s)
					if err := r.recover(path, snapshot, opts, want, perhaps); err != nil {
						t.Fatalf("seed %d, behind operation %d, survives %s: %v", seed, n, s.Name, err)
					}
				}
			}
		}
	}
	t.Logf("%d crash states", states)
}

// around returns the states that the snapshot may have had behind operation n.
func (r *recorder) around(n int) [][]byte {
	first := r.snapshots[min(max(n-1, 0), len(r.snapshots)-1)]
	last := r.snapshots[min(n, len(r.snapshots)-1)]
	if bytes.Equal(first, last) {
		return [][]byte{last}
	}
	return [][]byte{first, last}
}

// expected returns what must be there behind operation n, and what may be.
func (r *recorder) expected(n int) (want, perhaps keysOf) {
	want, perhaps = keysOf{}, keysOf{}
	for _, m := range r.fs.Marks(n) {
		switch m := m.(type) {
		case acked:
			want, perhaps = keysOf(m), keysOf(m)
		case asked:
			perhaps = keysOf(m)
		}
	}
	return want, perhaps
}

// recover starts a node on a crashed log and a snapshot.
func (r *recorder) recover(path string, snapshot []byte, opts Options, want, perhaps keysOf) (err error) {
	if snapshot == nil {
		err = os.Remove(r.path)
		if errors.Is(err, os.ErrNotExist) {
			err = nil
		}
	} else {
		err = os.WriteFile(r.path, snapshot, 0o600)
	}
	if err != nil {
		return err
	}
	s, err := tryNode(path, opts)
	if err != nil {
		return err
	}
	got := keysOf{}
	s.table.Each(func(e *Entry) { got[string(e.Key)] = string(e.Value) })
	if err := s.stop(); err != nil {
		return err
	}
	if !maps.Equal(got, want) && !maps.Equal(got, perhaps) {
		return fmt.Errorf("found %.300v, want %.300v or %.300v", got, want, perhaps)
	}
	return nil
}
