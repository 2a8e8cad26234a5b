package repair

import (
	"errors"
	"fmt"
	"io/fs"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
	"owlcache/engine/internal/judge"
	"owlcache/wal"
)

func (r *repairer) surveyLog() error {
	total, err := datadir.FilesSize(r.src.File(datadir.LogDir))
	if err != nil {
		return err
	}
	done := int64(0)
	found, err := wal.Salvage(nil, r.src.File(datadir.LogDir), func(_ uint64, _ string, _ int64, payload []byte) error {
		r.progress("reading the log", min(done, total), total, "bytes")
		done += int64(len(payload))
		return r.ctx.Err()
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the log: %w", err)
	}
	r.log.First, r.log.End, r.log.Flaws = found.First, found.End, found.Flaws
	r.report.Log = Log{Segments: found.Segments, Bytes: found.Bytes, Records: found.Records, FirstLSN: found.First, LastLSN: found.End}
	return nil
}

func (r *repairer) readLog() error {
	r.damage(r.log.Bounds()...)
	for i := range r.log.Flaws {
		r.damage(r.log.Flaw(&r.log.Flaws[i]))
	}
	if r.log.First == 0 {
		return nil
	}
	start, done := r.log.ReplayFrom(), int64(0)
	_, err := wal.Salvage(nil, r.src.File(datadir.LogDir), func(lsn uint64, path string, off int64, payload []byte) error {
		done++
		r.progress("replaying the log", done, r.report.Log.Records, "records")
		if lsn <= start {
			return nil
		}
		if err := judge.Commit(payload); err != nil { // all of a commit, or nothing
			r.damage(r.log.Malformed(path, off, lsn, err))
			return nil
		}
		err := format.EachRecord(payload, func(op *format.Record) error {
			r.report.Log.Operations++
			r.replay(op)
			return nil
		})
		if err == nil {
			err = r.ctx.Err()
		}
		return err
	})
	return err
}

func (r *repairer) replay(op *format.Record) {
	old, _, there := r.table.Peek(op.Key)
	if op.Kind != format.RecordExpire {
		if r.apply(op) || op.Version == old.Version || op.Kind == format.RecordDelete && (!there || old.Version.Compare(op.Version) <= 0) {
			delete(r.doubts, string(op.Key))
			delete(r.lost, string(op.Key))
		}
		return
	}
	switch {
	case !there:
		r.lost[string(op.Key)] = "the log has a later change of its expiry, but its value is missing"
	case old.Tombstone || old.Version.Compare(op.Version) >= 0:
	case old.Created != op.Created:
		r.apply(&format.Record{Kind: format.RecordDelete, Entry: format.Entry{Key: op.Key, Version: op.Version}})
		delete(r.doubts, string(op.Key))
		r.lost[string(op.Key)] = "the log has a change of the expiry of a later value, which is missing"
		return
	}
	r.apply(op)
}
