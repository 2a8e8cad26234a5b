package view

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"time"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
	"owlcache/engine/internal/held"
	"owlcache/wal"
)

// Op is one operation as the log holds it.
type Op struct {
	LSN     uint64
	Segment string // path
	Offset  int64  // of the record in the segment
	Kind    string // "set", "delete", "expire" or "tombstone"
	// Entry has no value unless Kind is "set". Created is 0 for "delete".
	format.Entry
}

func (v *View) logDir() string { return v.src.File(datadir.LogDir) }

func (v *View) readLog(ctx context.Context) error {
	segments, err := wal.Segments(v.files.Log, v.logDir())
	if err != nil {
		return v.damaged(format.AsCorrupt(err))
	}
	from := v.info.Snapshot.LSN
	r, err := wal.NewReader(v.files.Log, v.logDir(), from)
	if err != nil {
		if err := v.damaged(format.AsCorrupt(err)); err != nil {
			return err
		}
		from = segments[0].First - 1 // what there is of it
		if r, err = wal.NewReader(v.files.Log, v.logDir(), from); err != nil {
			return err
		}
	}
	err = v.layOver(ctx, r)
	end := r.Last()
	if err := errors.Join(err, r.Close()); err != nil {
		v.describeLog(segments, end, nil)
		return v.damaged(format.AsCorrupt(err))
	}
	if len(segments) == 0 {
		end = 0 // a log is never without a segment
	}
	tail := r.Tail()
	v.describeLog(segments, end, &tail)
	if end < from {
		return v.damaged(&format.CorruptError{Path: v.logDir(), Offset: -1,
			Reason: fmt.Sprintf("the log ends with record %d, but must reach record %d: segments are missing", end, from)})
	}
	return nil
}

func (v *View) layOver(ctx context.Context, r *wal.Reader) error {
	log, total := &v.info.Log, v.files.Log.Bytes()
	for r.Next() {
		if log.Records++; log.Records%progressEvery == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			if v.opts.Progress != nil {
				v.opts.Progress(datadir.Progress{Phase: "log", Done: min(log.Bytes, total), Total: total, Unit: "bytes"})
			}
		}
		log.Bytes += int64(len(r.Record()))
		err := format.EachRecord(r.Record(), func(rec *format.Record) error {
			log.Operations++
			if !bytes.HasPrefix(rec.Key, v.opts.Prefix) {
				return nil
			}
			return v.over.add(rec)
		})
		if err != nil {
			return malformed(r, err)
		}
	}
	return r.Err()
}

// describeLog says what segments there are, and where the log ends. tail is nil if
// there is damage before the end.
func (v *View) describeLog(segments []wal.Segment, end uint64, tail *wal.Tail) {
	log := &v.info.Log
	log.LastLSN = end
	for i, s := range segments {
		name := filepath.Base(s.Path)
		file := v.files.Log.Segment(name)
		out := Segment{Seq: s.Seq, Name: path.Join(datadir.LogDir, name), FirstLSN: s.First, LastLSN: s.Last,
			Bytes: s.Bytes, FileBytes: file.FileBytes, Created: s.Created, Sealed: s.Sealed}
		log.FileBytes += file.FileBytes
		if log.FirstLSN == 0 {
			log.FirstLSN = s.First
		}
		if i == len(segments)-1 {
			out.LastLSN = max(end, s.First) - 1
			if end >= s.First && s.First > 0 {
				out.LastLSN = end
			}
			if tail != nil {
				out.Bytes = tail.Offset
				v.cut(file, tail)
			}
		}
		log.Segments = append(log.Segments, out)
	}
}

// cut ends the last segment behind its last record. What follows there while a node
// runs is a write that is under way.
func (v *View) cut(file *held.Segment, tail *wal.Tail) {
	cut := file.Cut(tail.Offset)
	if tail.Torn && v.info.Holder == "" {
		log := &v.info.Log
		log.TornOffset, log.TornBytes, log.TornWhy = tail.Offset, cut, tail.Reason
	}
}

// Log calls visit with each operation of the log with an LSN of at least from, in
// order, also of those that the snapshot covers as far as they are still there. The
// Op is valid during the call.
func (v *View) Log(ctx context.Context, from uint64, visit func(op *Op) error) error {
	first := v.info.Log.FirstLSN
	if first == 0 {
		return nil
	}
	r, err := wal.NewReader(v.files.Log, v.logDir(), max(from, first)-1)
	if err != nil {
		return v.damaged(format.AsCorrupt(err))
	}
	for n := 1; err == nil && r.Next(); n++ {
		if err = visitRecord(r, visit); n%progressEvery == 0 && err == nil {
			err = ctx.Err()
		}
	}
	return v.damaged(format.AsCorrupt(errors.Join(err, r.Err(), r.Close())))
}

func visitRecord(r *wal.Reader, visit func(op *Op) error) error {
	op := Op{LSN: r.LSN(), Segment: r.Segment(), Offset: r.Offset()}
	err := format.EachRecord(r.Record(), func(rec *format.Record) error {
		op.Kind, op.Entry = rec.Kind.String(), rec.Entry
		return visit(&op)
	})
	return malformed(r, err)
}

// malformed makes damage of an error about the content of the current record of r.
func malformed(r *wal.Reader, err error) error {
	if errors.Is(err, format.ErrRecord) {
		return &format.CorruptError{Path: r.Segment(), Offset: r.Offset(), Reason: fmt.Sprintf("record %d: %v", r.LSN(), err)}
	}
	return err
}

// followPoll is how often the end of a log is looked at.
const followPoll = 100 * time.Millisecond

// Follow calls visit with each operation behind LSN from in the log of the
// directory at path, those that are there and, until ctx ends, those that a running
// node adds. missed, if set, is told of records that a checkpoint has taken away
// before they were read. It returns nil when ctx ends.
func Follow(ctx context.Context, path string, from uint64, visit func(op *Op) error, missed func(first, last uint64)) error {
	src, _, err := datadir.Look(path)
	if err != nil {
		return err
	}
	f := wal.NewFollower(nil, src.File(datadir.LogDir), from)
	f.Missed = missed
	bad := 0
	for {
		err := f.Read(func(r *wal.Reader) error {
			bad = 0
			return errors.Join(visitRecord(r, visit), ctx.Err())
		})
		var damage *wal.CorruptError
		// A write that is under way may look damaged for a moment.
		if bad++; errors.As(err, &damage) && bad < openTries {
			err = nil
		}
		if err != nil && ctx.Err() == nil {
			return format.AsCorrupt(err)
		}
		select {
		case <-ctx.Done():
			return nil // as it was meant to end
		case <-time.After(followPoll):
		}
	}
}
