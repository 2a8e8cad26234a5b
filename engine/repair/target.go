package repair

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"owlcache/engine"
	"owlcache/engine/datadir"
	"owlcache/engine/internal/fold"
	"owlcache/engine/internal/format"
	"owlcache/engine/internal/memory"
	"owlcache/engine/internal/snapshot"
	"owlcache/wal"
)

type targetDir struct {
	path string
	made bool // the directory itself is new
}

// newTargetDir checks a path, and writes nothing.
func newTargetDir(path, source string) (*targetDir, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrTarget, err)
	case len(entries) > 0:
		return nil, fmt.Errorf("%w: %s holds %s", ErrTarget, path, entries[0].Name())
	}
	t := &targetDir{path: path, made: errors.Is(err, fs.ErrNotExist)}
	if rel, err := filepath.Rel(realPath(source), realPath(path)); err == nil && rel != ".." && !strings.HasPrefix(rel, "../") { // also the same
		return nil, fmt.Errorf("%w: %s lies in %s", ErrTarget, path, source)
	}
	return t, nil
}

// realPath follows the links in as much of a path as exists.
func realPath(path string) string {
	if p, err := filepath.EvalSymlinks(path); err == nil {
		return p
	}
	if parent := filepath.Dir(path); parent != path {
		return filepath.Join(realPath(parent), filepath.Base(path))
	}
	return path
}

// write makes the directory, durably, and checks it by opening it.
func (t *targetDir) write(r *repairer, files []file) (err error) {
	if err := os.MkdirAll(t.path, 0o700); err != nil {
		return err
	}
	// First of all: a log that begins behind a snapshot which is not there yet. No node
	// starts on what an interrupted repair leaves.
	if err := wal.Create(nil, filepath.Join(t.path, datadir.LogDir), r.report.Kept.LSN+1); err != nil {
		return err
	}
	for _, f := range files { // the identity must be there before the directory is opened
		if f.name == datadir.NodeFile {
			if err := os.WriteFile(filepath.Join(t.path, f.name), f.content, 0o600); err != nil {
				return err
			}
		}
	}
	dir, err := datadir.Open(t.path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	for _, f := range files {
		if err := dir.WriteFile(f.name, f.content, 0o600); err != nil {
			return err
		}
	}
	if err := os.Chmod(t.path, 0o700); err != nil {
		return err
	}
	want := sum{seed: maphash.MakeSeed()}
	r.table.Each(want.add)
	if err := writeData(r, dir); err != nil {
		return err
	}
	r.table = nil // the same entries are in memory once more now
	if err := verifyStore(r.ctx, dir, &want); err != nil {
		return err
	}
	return datadir.SyncDir(filepath.Dir(t.path))
}

// passBytes is how much is sorted at a time before it is written.
const passBytes = 64 << 20

func writeData(r *repairer, dir *datadir.Dir) (err error) {
	path := dir.File(datadir.SnapshotFile)
	w, err := snapshot.Create(path, snapshot.Options{Node: dir.NodeID()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	part := &fold.Part{}
	flush := func() error {
		part.LastLSN, part.Clock = r.report.Kept.LSN, r.clock
		part.Sort()
		defer part.Reset()
		return w.Write(r.ctx, part)
	}
	for i := range memory.Shards {
		r.progress("writing", int64(i), memory.Shards, "shards")
		r.table.Shard(i).Each(func(e *format.Entry) {
			rec := e.Record()
			part.Add(&rec)
		})
		if part.Size() > passBytes {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	if err := w.Commit(); err != nil {
		return err
	}
	_, _, err = snapshot.Compact(r.ctx, path, snapshot.CompactOptions{HalfFree: true})
	return err
}

// sum is what a map holds, in short.
type sum struct {
	seed    maphash.Seed
	entries int64
	hashes  uint64 // their sum
	buf     []byte
}

func (s *sum) add(e *format.Entry) {
	rec := e.Record()
	s.entries++
	s.buf = rec.AppendTo(s.buf[:0])
	s.hashes += maphash.Bytes(s.seed, s.buf)
}

// verifyStore opens what was written, as a node does, and compares.
func verifyStore(ctx context.Context, dir *datadir.Dir, want *sum) error {
	s, err := engine.Open(ctx, dir, engine.Options{SweepInterval: math.MaxInt64, TombstoneGrace: math.MaxInt64}) // nothing is swept
	if err != nil {
		return fmt.Errorf("check: %w", err)
	}
	got := sum{seed: want.seed}
	var hashes []uint64
	for _, item := range s.Items(nil, []engine.HashRange{{Last: math.MaxUint64}}) {
		hashes = append(hashes, item.Hash)
	}
	s.Entries(slices.Compact(hashes), func(e *format.Entry) bool {
		got.add(e)
		return true
	})
	if err := s.Close(); err != nil {
		return fmt.Errorf("check: %w", err)
	}
	if got.entries != want.entries || got.hashes != want.hashes {
		return fmt.Errorf("check: %d keys and tombstones were written, %d are there, or others", want.entries, got.entries)
	}
	return nil
}

func (t *targetDir) remove() error {
	var errs []error
	for _, name := range []string{datadir.SnapshotFile, datadir.SnapshotFile + datadir.TmpSuffix, datadir.LogDir, datadir.NodeFile,
		datadir.SecretFile, datadir.GroupFile, datadir.GossipFile, datadir.PeersFile, datadir.SitesFile, datadir.LockFile} {
		errs = append(errs, os.RemoveAll(filepath.Join(t.path, name)))
	}
	if t.made {
		if err := os.Remove(t.path); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
