package engine

import (
	"fmt"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
	"owlcache/wal"
)

// surveyLog finds out where the log begins and ends, and where it is damaged.
func (r *repairer) surveyLog() error {
	total, err := logSize(r.src.File(datadir.LogDir))
	if err != nil {
		return err
	}
	done := int64(0)
	found, err := wal.Salvage(nil, r.src.File(datadir.LogDir), func(_ uint64, _ string, _ int64, payload []byte) error {
		r.progress("reading the log", min(done, total), total, "bytes")
		done += int64(len(payload))
		return r.ctx.Err()
	})
	if absent(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the log: %w", err)
	}
	r.first, r.end, r.flaws = found.First, found.End, found.Flaws
	r.report.Log = RepairedLog{Segments: found.Segments, Bytes: found.Bytes, Records: found.Records, FirstLSN: found.First, LastLSN: found.End}
	return nil
}

// readLog applies the records of the log that the snapshot does not cover.
func (r *repairer) readLog() error {
	r.reportBounds()
	for i := range r.flaws {
		r.reportFlaw(&r.flaws[i])
	}
	if r.first == 0 {
		return nil
	}
	start, done := r.replayFrom(), int64(0)
	_, err := wal.Salvage(nil, r.src.File(datadir.LogDir), func(lsn uint64, path string, off int64, payload []byte) error {
		done++
		r.progress("replaying the log", done, r.report.Log.Records, "records")
		if lsn <= start {
			return nil
		}
		if why := malformed(payload); why != "" { // all of a commit, or nothing
			r.damage(Damage{File: path, Offset: off, Problem: why, Loss: true, FirstLSN: lsn, LastLSN: lsn})
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

// malformed says what is wrong with the operations of a log record.
func malformed(payload []byte) string {
	if err := format.EachRecord(payload, func(*format.Record) error { return nil }); err != nil {
		return err.Error()
	}
	return ""
}

// replayFrom returns the LSN behind which the log is replayed. What the snapshot
// covers is done again where nothing is missing up to its end, which changes
// nothing; before a gap it might bring back what was deleted.
func (r *repairer) replayFrom() (start uint64) {
	if r.end < r.covered {
		return r.covered
	}
	for i := range r.flaws {
		if f := &r.flaws[i]; f.Lost() && f.First <= r.covered {
			if f.Last == 0 || f.Last > r.covered {
				return r.covered
			}
			start = max(start, f.Last)
		}
	}
	return start
}

// replay applies one operation of the log.
func (r *repairer) replay(op *format.Record) {
	old, _, there := r.shards.peek(op.Key)
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

// reportBounds reports what is missing before and behind the log.
func (r *repairer) reportBounds() {
	d := Damage{File: r.src.File(datadir.LogDir), Offset: -1, Loss: true, FirstLSN: r.covered + 1}
	switch {
	case r.first == 0 && r.covered > 0:
		d.OpenEnd, d.Problem = true, "the log is missing"
	case r.end < r.covered:
		d.OpenEnd = true
		d.Problem = fmt.Sprintf("the log ends with record %d, although the snapshot covers it up to record %d", r.end, r.covered)
	case r.first > r.covered+1 && !r.unknown:
		d.LastLSN = r.first - 1
		d.Problem = fmt.Sprintf("the log begins with record %d, but the snapshot covers it only up to record %d", r.first, r.covered)
		if !r.report.Snapshot.Present {
			d.Problem = fmt.Sprintf("the log begins with record %d, and the snapshot of those before it is missing", r.first)
		}
	default:
		return
	}
	r.damage(d)
}

// reportFlaw reports a damaged place of the log.
func (r *repairer) reportFlaw(f *wal.Flaw) {
	d := Damage{File: f.Path, Offset: f.Offset, Bytes: f.Bytes, Problem: f.Reason}
	switch {
	case !f.Lost():
		d.Problem += "; no record is lost here"
	case f.Torn && r.end < f.First:
		d.Problem += "; the torn end of a write that nobody was told of, as a crash leaves it"
	case f.Last > 0 && f.Last <= r.covered:
		d.Problem += "; the snapshot covers the lost records"
	default:
		d.Loss, d.FirstLSN, d.LastLSN, d.OpenEnd = true, max(f.First, r.covered+1), f.Last, f.Last == 0
	}
	r.damage(d)
}
