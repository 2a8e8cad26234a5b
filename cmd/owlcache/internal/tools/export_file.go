package tools

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"

	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine/dump"
	"owlcache/engine/view"
)

// toFile exports into a file that appears when it is whole.
func (x *exporter) toFile(ctx context.Context, v *view.View) (err error) {
	x.file, err = dump.Create(x.flags.file, dump.FileOptions{Replace: x.flags.force, Resume: x.flags.resume})
	if err != nil {
		return x.explainFile(err)
	}
	after, err := x.resumeBehind()
	if err != nil {
		return errors.Join(err, x.file.Leave())
	}
	if err := x.write(ctx, v, x.file, after); err != nil {
		return x.leave(err)
	}
	if err := x.file.Finish(); err != nil {
		return fmt.Errorf("%w; the entries are in %s", x.explainFile(err), term.Text(x.flags.file+dump.PartSuffix))
	}
	return x.printReport()
}

// explainFile adds to an error of the file what to do.
func (x *exporter) explainFile(err error) error {
	switch {
	case errors.Is(err, dump.ErrFileExists):
		return term.Usage(fmt.Errorf("%w: replace it with --force, or name another file", err))
	case errors.Is(err, dump.ErrPartExists):
		return term.Usage(fmt.Errorf("%w: go on with it with --resume, or replace it with --force", err))
	case errors.Is(err, dump.ErrNoPart), errors.Is(err, dump.ErrNotRegular), errors.Is(err, dump.ErrForeign), errors.Is(err, fs.ErrNotExist):
		return term.Usage(err)
	}
	return err
}

// resumeBehind returns the key behind which to go on.
func (x *exporter) resumeBehind() ([]byte, error) {
	after := []byte(x.flags.after)
	kept := x.file.Kept()
	if kept.Lines == 0 {
		return after, nil
	}
	if !bytes.HasPrefix(kept.Last, []byte(x.flags.prefix)) || bytes.Compare(kept.Last, after) <= 0 {
		return nil, term.Usage(fmt.Errorf("%s was not made with this --prefix and --after: it ends with the key %s",
			term.Text(x.flags.file+dump.PartSuffix), term.Key(kept.Last)))
	}
	if kept.Cut > 0 {
		x.bar.Note("%s had %s at its end that are no whole lines: cut off", term.Text(x.flags.file+dump.PartSuffix), term.Count(kept.Cut, "byte"))
	}
	x.bar.Note("going on behind %s, key %s", term.Count(kept.Lines, "entry"), term.Key(kept.Last))
	return kept.Last, nil
}

// leave ends an export that is not whole: what there is can be gone on with.
func (x *exporter) leave(err error) error {
	if left := x.file.Leave(); left != nil {
		return errors.Join(err, left)
	}
	if n := x.file.Kept().Lines + x.report.Entries; n > 0 {
		x.bar.Note("%s has the first %s; the same command with --resume goes on behind them", term.Text(x.flags.file+dump.PartSuffix), term.Count(n, "entry"))
	}
	return err
}
