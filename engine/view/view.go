package view

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"time"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
	"owlcache/engine/internal/held"
	"owlcache/engine/internal/legacy"
)

// View is the content of a data directory at one moment. It is used by one goroutine at a
// time.
type View struct {
	src    *datadir.Source
	opts   Options
	info   Info
	strict bool // damage is an error

	files      *held.Files   // nil before they are open
	snapshot   *snapshotFile // nil if there is none
	unreadable bool          // the snapshot cannot be read at all
	over       overlay       // what the snapshot does not cover
}

// Options of a View. The zero value of each field is its default.
type Options struct {
	// Prefix limits the entries to keys that begin with it.
	Prefix []byte
	// TempDir is where the parts of a log that is too long for memory are kept, in
	// files without a name; default os.TempDir.
	TempDir string
	// Damaged, if set, is told of what cannot be read and is left out. Without it, the
	// first damage is returned as a *format.CorruptError.
	Damaged func(*format.CorruptError)
	// Waiting, if set, is called once if a checkpoint of the running node has to be
	// waited for.
	Waiting func()
	// Progress, if set, is called now and then.
	Progress func(datadir.Progress)

	budget int64 // bytes of log that are sorted in memory
}

// openTries is how often a View of a running node is tried when something looks
// damaged: a write that is under way while it is read looks so for a moment.
const (
	openTries = 6
	openPause = 10 * time.Millisecond
)

const progressEvery = 8192

// sortBudget is how many bytes of the log are sorted in memory at a time.
const sortBudget = 24 << 20

// Open opens the directory at path as it is now. It fails with a *format.CorruptError,
// with legacy.ErrNotTakenOver, or with format.ErrNewerFormat or a *datadir.FormatError.
func Open(ctx context.Context, path string, o Options) (*View, error) {
	o.budget = cmp.Or(o.budget, sortBudget)
	for try := 1; ; try++ {
		src, holder, err := datadir.Look(path)
		if err != nil {
			return nil, err
		}
		v := &View{src: src, opts: o, over: overlay{budget: o.budget, tempDir: o.TempDir}}
		v.info = Info{Path: src.Path(), Time: time.Now(), Holder: holder}
		again := holder != "" && try < openTries
		v.strict = o.Damaged == nil || again
		if err = v.open(ctx); err == nil {
			v.strict = o.Damaged == nil
			return v, nil
		}
		err = errors.Join(err, v.Close())
		var damage *format.CorruptError
		if !again || !errors.As(err, &damage) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(openPause):
		}
	}
}

func (v *View) open(ctx context.Context) (err error) {
	if err := v.identify(); err != nil {
		return err
	}
	path := v.src.File(datadir.SnapshotFile)
	if old, err := legacy.Starts(path); err != nil {
		return err
	} else if old {
		if err := legacy.CheckTakeOver(path, nil, v.src.File(datadir.LogDir)); err != nil {
			return err
		}
		return legacy.ErrNotTakenOver
	}
	if v.files, err = held.Open(ctx, v.src, v.opts.Waiting); err != nil {
		return err
	}
	if v.info.Holder != "" {
		if err := v.files.Log.Trim(); err != nil {
			return err
		}
	}
	if v.files.Snapshot == nil {
		return v.readLog(ctx)
	}
	v.snapshot = &snapshotFile{Snapshot: v.files.Snapshot}
	v.info.Snapshot.Present, v.info.Snapshot.FileBytes = true, v.snapshot.Size
	if err := v.snapshot.readMeta(); err != nil {
		v.unreadable = true
		if err := v.damaged(err); err != nil {
			return err
		}
	}
	m, s := &v.snapshot.meta, &v.info.Snapshot
	s.LSN, s.Keys, s.Bytes, s.Saved, s.Writer, s.FreeBytes = m.LSN, m.Keys, m.Bytes, m.Saved, m.Node, v.snapshot.free
	return v.readLog(ctx)
}

// identify reads node.json, without which there can be data.
func (v *View) identify() error {
	id, created, err := v.src.Identity()
	var newer *datadir.FormatError
	switch {
	case errors.As(err, &newer):
		return err
	case err == nil:
		v.info.Format, v.info.NodeID, v.info.Created = datadir.FormatVersion, id, created
	case !errors.Is(err, fs.ErrNotExist):
		return v.damaged(&format.CorruptError{Path: v.src.File(datadir.NodeFile), Offset: -1, Reason: err.Error()})
	}
	return nil
}

// damaged tells of damage, if somebody wants to know, and else returns it.
func (v *View) damaged(err error) error {
	var c *format.CorruptError
	if v.strict || !errors.As(err, &c) {
		return err
	}
	v.opts.Damaged(c)
	return nil
}

// Info returns what has been found.
func (v *View) Info() Info { return v.info }

// Entries calls visit with each entry behind the key after (nil: from the first on),
// in the order of the bytes of the keys: those that are live, those that are expired,
// and tombstones. The entry and what it points to are valid during the call. An error of
// visit ends the walk and is returned.
func (v *View) Entries(ctx context.Context, after []byte, visit func(e *format.Entry) error) error {
	from, _ := v.bounds(after)
	log, err := v.over.cursor(from)
	if err != nil {
		return err
	}
	err = v.scan(ctx, after, func(e *format.Entry) error {
		for k := log.key(); k != nil; k = log.key() {
			switch bytes.Compare(k, e.Key) {
			case 0:
				return log.apply(e, visit)
			case +1:
				return visit(e)
			}
			if err := log.apply(nil, visit); err != nil {
				return err
			}
		}
		return visit(e)
	})
	for n := 0; err == nil && log.key() != nil; n++ {
		if err = log.apply(nil, visit); n%progressEvery == 0 && err == nil {
			err = ctx.Err()
		}
	}
	return err
}

// Snapshot is Entries of the snapshot alone, without the log.
func (v *View) Snapshot(ctx context.Context, after []byte, visit func(e *format.Entry) error) error {
	return v.scan(ctx, after, visit)
}

// bounds returns the first key that is wanted, and the first behind those.
func (v *View) bounds(after []byte) (from, to []byte) {
	from, to = v.opts.Prefix, prefixEnd(v.opts.Prefix)
	if after != nil && bytes.Compare(after, from) >= 0 {
		from = append(bytes.Clone(after), 0)
	}
	return from, to
}

// prefixEnd returns the least key above all that begin with prefix; nil if there is
// none.
func prefixEnd(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] < 0xff {
			end := bytes.Clone(prefix[:i+1])
			end[i]++
			return end
		}
	}
	return nil
}

func (v *View) scan(ctx context.Context, after []byte, visit func(e *format.Entry) error) error {
	if v.snapshot == nil || v.unreadable {
		return nil
	}
	from, to := v.bounds(after)
	n, total := int64(0), v.snapshot.meta.Keys
	whole := len(from) == 0 && to == nil
	tell := func(c *format.CorruptError) error {
		whole = false
		return v.damaged(c)
	}
	err := v.snapshot.scan(from, to, tell, func(e *format.Entry) error {
		if n++; n%progressEvery == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			if v.opts.Progress != nil {
				v.opts.Progress(datadir.Progress{Phase: "snapshot", Done: n, Total: total, Unit: "keys"})
			}
		}
		return visit(e)
	})
	if err != nil {
		return v.damaged(err)
	}
	if whole && n != total {
		return v.damaged(&format.CorruptError{Path: v.snapshot.Path, Offset: -1, Reason: fmt.Sprintf("%d keys were found, %d were written", n, total)})
	}
	return nil
}

// File is a data file as it was at the moment of a View.
type File struct {
	Name string // within the directory, with slashes
	Size int64  // in bytes
}

// Files returns the files that hold the data of the moment: the snapshot, if there is
// one, and the segments of the log that a start needs, the last cut behind its last
// whole record.
func (v *View) Files() (files []File) {
	if v.snapshot != nil {
		files = append(files, File{Name: datadir.SnapshotFile, Size: v.snapshot.Size})
	}
	list := v.info.Log.Segments
	for i := range list {
		if i+1 == len(list) || list[i+1].FirstLSN == 0 || list[i+1].FirstLSN > v.info.Snapshot.LSN+1 {
			files = append(files, File{Name: list[i].Name, Size: v.files.Log.Segment(path.Base(list[i].Name)).Bytes()})
		}
	}
	return files
}

// ReadFileAt reads from one of the Files, as io.ReaderAt does. It may be called while
// another method runs.
func (v *View) ReadFileAt(name string, b []byte, off int64) (int, error) {
	if v.snapshot != nil && name == datadir.SnapshotFile {
		return v.snapshot.File.ReadAt(b, off)
	}
	f := v.files.Log.Segment(path.Base(name))
	if f == nil {
		return 0, &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
	}
	return f.ReadAt(b, off)
}

// Close ends the View.
func (v *View) Close() error {
	if v.files == nil {
		return nil
	}
	return errors.Join(v.files.Close(), v.over.close())
}
