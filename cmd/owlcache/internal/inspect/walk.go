package inspect

import (
	"context"

	"owlcache/cmd/owlcache/internal/localdir"
	"owlcache/engine"
	"owlcache/engine/view"
)

// ctxEvery is after how many entries or operations it is asked whether to go on.
const ctxEvery = 4096

// entries is v.Entries from the first key on. It ends soon when ctx does.
func entries(ctx context.Context, v *view.View, visit func(e *engine.Entry) error) error {
	n := 0
	return v.Entries(ctx, nil, func(e *engine.Entry) error {
		if n++; n%ctxEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		return visit(e)
	})
}

// walkLog calls visit with each operation of the log with an LSN of at least from. Behind
// damage it goes on with the next segment. damaged, if set, is told of each damaged
// place of the log, where it is met if that can be.
func (in *inspector) walkLog(ctx context.Context, v *view.View, from uint64, visit func(op *view.Op) error, damaged func(d *localdir.Place) error) error {
	var met []localdir.Place
	in.damage.Found = func(d localdir.Place) { met = append(met, d) }
	defer func() { in.damage.Found = nil }()
	told := map[localdir.Place]bool{}
	tell := func(places []localdir.Place) error {
		for _, d := range places {
			if damaged == nil || told[d] || !d.InLog() {
				continue
			}
			told[d] = true
			if err := damaged(&d); err != nil {
				return err
			}
		}
		return nil
	}
	segments := v.Info().Log.Segments
	last := max(from, 1) - 1 // the record before those that are still to be read
	n := 0
	for i := 0; ; i++ {
		met = met[:0]
		err := v.Log(ctx, last+1, func(op *view.Op) error {
			if n++; n%ctxEvery == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			last = op.LSN
			return visit(op)
		})
		if err == nil {
			err = tell(met)
		}
		if err != nil {
			return err
		}
		for i < len(segments) && segments[i].FirstLSN <= last {
			i++
		}
		if len(met) == 0 || i >= len(segments) {
			return tell(in.damage.Places) // found when the directory was opened
		}
		last = segments[i].FirstLSN - 1
	}
}
