package engine

import (
	"errors"
	"io/fs"
	"os"
	"runtime/debug"
	"time"

	"go.etcd.io/bbolt"

	"owlcache/engine/datadir"
)

// compact rewrites the file when more than half of it is free.
func (c *checkpointer) compact() error {
	fi, err := os.Stat(c.path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && fi.Size() < c.compactAbove {
		return nil
	}
	if err != nil {
		return err
	}
	start, tmp := time.Now(), c.path+datadir.TmpSuffix
	done, err := compactSnapshot(c.path, tmp)
	if errors.Is(err, errSnapshotRead) {
		return nil // the next checkpoint will do it
	}
	if err != nil || !done {
		if rerr := os.Remove(tmp); rerr != nil && !errors.Is(rerr, fs.ErrNotExist) {
			err = errors.Join(err, rerr)
		}
		return err
	}
	c.update(func(s *CheckpointStats) { s.Compacted++ })
	logDone(c.logger, "snapshot was compacted", start, "bytes_before", fi.Size())
	return nil
}

// compactSnapshot puts a copy of the file at path, made at tmp, in its place if that is
// worth it. The file stays locked until then: nobody who reads it is left with one that
// has no name any more.
func compactSnapshot(path, tmp string) (done bool, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer recoverDamage(path, &err)
	src, err := openSnapshot(path, true) // for writing: only then are free pages known
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	free := int64(src.Stats().FreePageN+src.Stats().PendingPageN) * int64(src.Info().PageSize)
	fi, err := os.Stat(path)
	if err != nil || free <= fi.Size()/2 {
		return false, err
	}
	dst, err := openSnapshot(tmp, true)
	if err != nil {
		return false, err
	}
	if err := errors.Join(bbolt.Compact(dst, src, txBytes), dst.Close()); err != nil {
		return false, err
	}
	return true, replaceFile(tmp, path)
}
