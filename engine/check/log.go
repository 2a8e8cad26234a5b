package check

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
	"owlcache/engine/internal/judge"
	"owlcache/wal"
)

type logCheck struct {
	*checker
	findings

	found     wal.Salvaged
	segments  map[string]*segmentCheck // by path
	malformed []malformedRecord
	ops       int64
	clock     uint64 // greatest version time
}

type segmentCheck struct {
	first, last uint64
	records     int64
	flawed      bool
}

// malformedRecord is a record with the right checksum and a content that is no commit.
type malformedRecord struct {
	path   string
	offset int64
	lsn    uint64
	why    error
}

func (l *logCheck) dir() string { return l.src.File(datadir.LogDir) }

func (l *logCheck) run() (err error) {
	for _, f := range l.Log.Segments() {
		l.segments[f.Path()] = &segmentCheck{}
	}
	read := int64(0)
	l.found, err = wal.Salvage(l.Log, l.dir(), func(lsn uint64, path string, offset int64, payload []byte) error {
		seg := l.segments[path]
		if seg.records++; seg.first == 0 {
			seg.first = lsn
		}
		seg.last = lsn
		err := format.EachRecord(payload, func(r *format.Record) error {
			l.ops++
			l.clock = max(l.clock, r.Version.Time)
			return nil
		})
		if err != nil {
			if len(l.malformed) < maxFindings {
				l.malformed = append(l.malformed, malformedRecord{path, offset, lsn, err})
			}
			seg.flawed = true
		}
		if read += int64(len(payload)); read >= progressBytes || l.found.Records%1024 == 0 {
			l.progress.add(read)
			read = 0
			return l.ctx.Err()
		}
		return nil
	})
	if err != nil && l.ctx.Err() == nil {
		return fmt.Errorf("read the log: %w", err)
	}
	return err
}

// report judges what was found, knowing what the snapshot covers.
func (l *logCheck) report(s *snapshotCheck) {
	there := s.Snapshot != nil && !s.legacy
	j := &judge.Log{Dir: l.dir(), First: l.found.First, End: l.found.End, Flaws: l.found.Flaws, Snapshot: there, Unknown: there && s.metaErr != nil}
	if there && s.metaErr == nil {
		j.Covered = s.meta.LSN
	}
	refused := l.refused(j)
	damage := j.Bounds()
	for i := range j.Flaws {
		f := &j.Flaws[i]
		if seg := l.segments[f.Path]; seg != nil {
			seg.flawed = true
		}
		if f.Torn && (refused == nil || refused.Path != f.Path || refused.Offset != f.Offset) {
			l.reportTorn(f)
			continue
		}
		damage = append(damage, j.Flaw(f))
	}
	for _, m := range l.malformed {
		damage = append(damage, j.Malformed(m.path, m.offset, m.lsn, m.why))
	}
	for i := range damage {
		l.reportDamage(&damage[i], refused)
	}
	if refused != nil && l.failures == 0 {
		l.add(Finding{Level: Fail, File: l.name(refused.Path), Offset: refused.Offset, Text: refused.Reason, Mend: l.repairCommand()})
	}
	l.reportSegments(j)
}

// refused returns why a start would refuse the log; it reads it again if there is
// reason to ask.
func (l *logCheck) refused(j *judge.Log) *format.CorruptError {
	if len(j.Flaws) == 0 || j.Unknown {
		return nil
	}
	var damage *format.CorruptError
	walk, err := wal.NewReader(l.Log, l.dir(), j.Covered)
	if err == nil {
		for walk.Next() && l.ctx.Err() == nil {
		}
		err = errors.Join(walk.Err(), walk.Close())
	}
	if errors.As(format.AsCorrupt(err), &damage) {
		return damage
	}
	return nil
}

func (l *logCheck) reportTorn(f *wal.Flaw) {
	l.add(Finding{Level: Warn, File: l.name(f.Path), Offset: f.Offset,
		Text: fmt.Sprintf("the end is torn (%s), as a crash leaves it: the next start cuts off %d bytes and keeps a copy", f.Reason, f.Bytes),
		Lost: "a write that was not acknowledged, if a crash has done this"})
}

func (l *logCheck) reportDamage(d *judge.Damage, refused *format.CorruptError) {
	f := Finding{Level: Fail, File: l.name(d.File), Offset: d.Offset, Text: d.Problem, Mend: l.repairCommand()}
	switch {
	case d.Loss:
		f.Lost = shownRecords(d.FirstLSN, d.LastLSN)
	case refused == nil:
		f.Level = Warn
		f.Text += "; a start passes it by"
	}
	l.add(f)
}

func (l *logCheck) reportSegments(j *judge.Log) {
	for _, f := range l.Log.Segments() {
		seg, name := l.segments[f.Path()], datadir.LogDir+"/"+filepath.Base(f.Path())
		switch {
		case seg.flawed:
		case seg.records == 0:
			l.ok(name, "no records yet")
		default:
			l.ok(name, "%s", shownRecords(seg.first, seg.last))
		}
	}
	// A place of a segment beside those that are good, in the order of the names.
	slices.SortStableFunc(l.list, func(a, b Finding) int { return strings.Compare(a.File, b.File) })
	if l.failures > 0 || j.First == 0 {
		return
	}
	if j.Snapshot {
		l.ok(datadir.LogDir, "a start replays %d records behind the snapshot, which ends with record %d", j.End-j.Covered, j.Covered)
	} else {
		l.ok(datadir.LogDir, "a start replays %d records", j.End)
	}
}
