package tools

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"

	"owlcache/engine"
	"owlcache/engine/datadir"
	"owlcache/engine/dump"
)

// importDir is the data directory that an import writes to.
type importDir struct {
	dir   *datadir.Dir
	store *engine.Store
}

// openDir opens or makes the directory. It is the Open of dump.ImportOptions: as long
// as nothing in the file is good, nothing is made.
func (im *importer) openDir(ctx context.Context) (dump.Target, error) {
	dir, err := datadir.Open(im.flags.to)
	var locked *datadir.LockedError
	if errors.As(err, &locked) {
		return nil, fmt.Errorf("%w; to import into a node that runs, name its address with --addr", err)
	}
	if err != nil {
		return nil, err
	}
	store, err := engine.Open(ctx, dir, engine.Options{
		SweepInterval: math.MaxInt64, // never: what is expired and deleted is left to the node
		Logger:        slog.New(slog.NewTextHandler(im.p.Stderr, &slog.HandlerOptions{ReplaceAttr: withoutTime})),
		Progress:      im.bar.Update,
	})
	if err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	im.dir = &importDir{dir: dir, store: store}
	return dump.NewStoreTarget(store, im.flags.keep), nil
}

// withoutTime drops the time of a log line.
func withoutTime(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

func (d *importDir) close() error {
	return errors.Join(d.store.Close(), d.dir.Close())
}
