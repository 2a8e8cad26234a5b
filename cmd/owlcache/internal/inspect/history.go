package inspect

import (
	"bytes"
	"context"

	"owlcache/engine"
	"owlcache/engine/view"
)

// history lists every version of a key that is still there, oldest first: the log's
// as far as the snapshot covers them, the snapshot's, the rest of the log.
func (in *inspector) history(ctx context.Context, v *view.View, key []byte) error {
	snapshot, err := firstEntry(key, func(visit func(*engine.Entry) error) error { return v.Snapshot(ctx, nil, visit) })
	if err != nil {
		return err
	}
	show := in.opPrinter(v.Info().NodeID, true)
	covered := v.Info().Snapshot.LSN
	showSnapshot := func() error {
		if snapshot == nil {
			return nil
		}
		e := snapshot
		snapshot = nil
		return show.snapshot(e, covered)
	}
	err = in.walkLog(ctx, v, 0, func(op *view.Op) error {
		if !bytes.Equal(op.Key, key) {
			return nil
		}
		if op.LSN > covered {
			if err := showSnapshot(); err != nil {
				return err
			}
		}
		return show.op(op)
	}, nil)
	if err == nil {
		err = showSnapshot()
	}
	show.end()
	return err
}
