package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"go.etcd.io/bbolt"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
	"owlcache/engine/internal/pages"
)

// compactFill is how full the pages of a rewritten file are. What is left lets a key grow
// without moving its neighbours to another page.
const compactFill = 0.95

// CompactOptions of Compact. The zero value of each field is its default.
type CompactOptions struct {
	HalfFree bool                    // only if more than half of the file is free
	Progress func(done, total int64) // if set, is told how many entries have been copied
}

// Compact writes the file at path anew, without free room, and puts the copy in its place
// if that is smaller. Each value is verified. The file stays locked until then: nobody who
// reads it is left with one that has no name any more. No file is nothing to do. done tells
// whether the file was replaced, m what it says of itself if all of it was copied.
func Compact(ctx context.Context, path string, o CompactOptions) (done bool, m format.SnapshotMeta, err error) {
	before, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, m, nil
	}
	if err != nil {
		return false, m, err
	}
	src, err := openFile(path, true, 0) // for writing: only then are free pages known
	if err != nil {
		return false, m, err
	}
	c := compaction{ctx: ctx, opts: o, src: src, path: path, tmp: path + datadir.TmpSuffix, before: before.Size()}
	done, err = c.run()
	if !done {
		err = errors.Join(err, remove(c.tmp))
	}
	return done, c.meta, errors.Join(err, src.Close())
}

type compaction struct {
	ctx       context.Context // of this one call
	opts      CompactOptions
	src       *bbolt.DB
	path, tmp string
	before    int64 // size of the file
	meta      format.SnapshotMeta
}

func (c *compaction) run() (done bool, err error) {
	stats := c.src.Stats()
	free := int64(stats.FreePageN+stats.PendingPageN) * int64(c.src.Info().PageSize)
	if c.opts.HalfFree && free <= c.before/2 {
		return false, nil
	}
	if err := errors.Join(remove(c.tmp), c.copyAll()); err != nil {
		return false, err
	}
	after, err := cut(c.tmp)
	if err != nil || after >= c.before {
		return false, err
	}
	return true, replace(c.tmp, c.path)
}

func (c *compaction) copyAll() error {
	dst, err := openFile(c.tmp, true, 0)
	if err != nil {
		return err
	}
	err = guard(c.path, func() error {
		return c.src.View(func(tx *bbolt.Tx) error { return c.copyBuckets(dst, tx) })
	})
	return errors.Join(err, dst.Close())
}

func (c *compaction) copyBuckets(dst *bbolt.DB, tx *bbolt.Tx) error {
	kv, meta, m, err := buckets(tx, c.path)
	c.meta = m
	if err != nil {
		return err
	}
	cursor, copied := kv.Cursor(), int64(0)
	k, v := cursor.First()
	for first := true; first || k != nil; first = false {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		err := dst.Update(func(to *bbolt.Tx) error {
			b, err := to.CreateBucketIfNotExists([]byte(format.BucketKV))
			if err != nil {
				return err
			}
			b.FillPercent = compactFill
			for size := 0; k != nil && size < batchBytes; k, v = cursor.Next() {
				if _, err := format.DecodeValue(k, v); err != nil {
					return format.SnapshotDamage(c.path, fmt.Sprintf("key %.100q: ", k), err)
				}
				if err := b.Put(k, v); err != nil {
					return err
				}
				size += len(k) + len(v)
				copied++
			}
			return nil
		})
		if err != nil {
			return err
		}
		if c.opts.Progress != nil {
			c.opts.Progress(copied, m.Keys)
		}
	}
	if copied != m.Keys {
		return wrongCount(c.path, copied, m.Keys)
	}
	return dst.Update(func(to *bbolt.Tx) error {
		b, err := to.CreateBucket([]byte(format.BucketMeta))
		if err != nil {
			return err
		}
		return meta.ForEach(b.Put)
	})
}

// cut takes off the end of a finished file what bbolt has made it longer by, for pages to
// come, and returns its size.
func cut(path string) (size int64, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	fi, err := f.Stat()
	if err != nil {
		return 0, err
	}
	file := pages.Open(f, fi.Size())
	m, err := file.Newest()
	if err != nil {
		return 0, err
	}
	size = int64(m.Pages) * file.PageSize
	return size, errors.Join(f.Truncate(size), f.Sync())
}
