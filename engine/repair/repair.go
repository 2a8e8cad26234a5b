package repair

import (
	"context"
	"errors"
	"fmt"

	"owlcache/engine/datadir"
	"owlcache/engine/internal/format"
	"owlcache/engine/internal/judge"
	"owlcache/engine/internal/memory"
)

// Options say what Run reads and writes.
type Options struct {
	// Source is the damaged data directory. It is locked, and never changed.
	Source string
	// Target is where the new directory is made: it must not exist or be empty. Empty
	// means that nothing is written.
	Target string
	// Progress, if set, is called now and then.
	Progress func(datadir.Progress)
}

// ErrTarget is returned by Run for a target that cannot be used.
var ErrTarget = errors.New("the target must be a new or an empty directory, outside of the damaged one")

// Run follows the rules of Open, that the greater version wins and that the log is
// replayed in order, over what is left:
//
//   - of the snapshot, the entries whose checksum is right. If a part of the tree is
//     gone, what other pages of the file hold of that part is taken too, but is
//     uncertain: it may have been deleted since;
//   - of the log, the records whose checksum is right, also behind damaged ones. A
//     change of the expiry of a value that is not there is a sign of a lost value: the
//     key is left out then, rather than kept with a value known to be old.
//
// A key whose last write lies in a gap of the log is not known to be damaged: the
// report lists the gaps. A *FormatError of package datadir is returned if the directory was
// written by a newer program, a *LockedError if a node runs on it.
func Run(ctx context.Context, o Options) (*Report, error) {
	src, err := datadir.OpenSource(o.Source)
	if err != nil {
		return nil, err
	}
	report, err := runFrom(ctx, src, o)
	if err := errors.Join(err, src.Close()); err != nil {
		return nil, err
	}
	return report, nil
}

type repairer struct {
	ctx    context.Context        // of this one call
	tell   func(datadir.Progress) // nil if nobody wants to know
	src    *datadir.Source
	report Report
	node   uint64 // its id; 0 if it is not known

	table *memory.Table
	clock uint64 // greatest version time that was seen

	// doubts says of keys that are there why they may not be as they were last; lost
	// says of keys what was lost of them.
	doubts, lost map[string]string

	log   judge.Log
	newer bool // the file of the snapshot had more than the snapshot
}

func runFrom(ctx context.Context, src *datadir.Source, o Options) (*Report, error) {
	r := &repairer{ctx: ctx, src: src, tell: o.Progress, table: memory.New(), doubts: map[string]string{}, lost: map[string]string{}}
	r.log.Dir = src.File(datadir.LogDir)
	r.report = Report{Source: src.Path(), Damage: []Damage{}, Keys: []Key{}, Files: []File{}}
	var out *targetDir
	if o.Target != "" {
		var err error
		if out, err = newTargetDir(o.Target, src.Path()); err != nil {
			return nil, err
		}
		r.report.Target = out.path
	}
	files, err := r.readFiles()
	if err != nil {
		return nil, err
	}
	for _, step := range []func() error{r.surveyLog, r.readSnapshot, r.readLog} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	r.conclude()
	if out != nil {
		if err := out.write(r, files); err != nil {
			return nil, errors.Join(fmt.Errorf("write %s: %w", out.path, err), out.remove())
		}
	}
	return &r.report, nil
}

// apply puts a record into the map by the rule of the store, and tells whether it
// changed anything.
func (r *repairer) apply(rec *format.Record) bool {
	r.clock = max(r.clock, rec.Version.Time)
	return r.table.Apply(rec)
}

func (r *repairer) progress(phase string, done, total int64, unit string) {
	if r.tell != nil {
		r.tell(datadir.Progress{Phase: phase, Done: done, Total: total, Unit: unit})
	}
}

func (r *repairer) damage(d ...Damage) { r.report.Damage = append(r.report.Damage, d...) }

func (r *repairer) conclude() {
	for key, why := range r.doubts {
		if _, _, ok := r.table.Peek([]byte(key)); ok {
			r.report.Keys = append(r.report.Keys, Key{Key: []byte(key), State: Uncertain, Problem: why})
		}
	}
	for key, why := range r.lost {
		r.report.Keys = append(r.report.Keys, Key{Key: []byte(key), State: Lost, Problem: why})
	}
	count, _ := r.table.Stats()
	r.report.Kept = Kept{Keys: count.Keys, Tombstones: count.Tombstones, Bytes: count.Bytes, LSN: max(1, r.log.End, r.log.Covered)}
	r.report.finish()
}
