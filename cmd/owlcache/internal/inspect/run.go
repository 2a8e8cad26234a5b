package inspect

import (
	"bufio"
	"context"
	"errors"
	"time"

	"owlcache/cmd/owlcache/internal/localdir"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine/view"
)

// inspector is one run of inspect or of one of the commands below it.
type inspector struct {
	dir      string
	json     bool
	now      time.Time
	out      *bufio.Writer // of the standard output
	terminal bool          // the standard output is one
	damage   localdir.Damage
	bar      *term.Bar
}

// errEnough ends a walk when nothing more is wanted.
var errEnough = errors.New("enough")

// run runs do until it is done or interrupted. Damage that was found on the way
// is named at the end and decides the exit code.
func (c *command) run(ctx context.Context, args []string, do func(context.Context, *inspector) error) error {
	dir, err := c.flags.Path(c.Process, args)
	if err != nil {
		return err
	}
	in := &inspector{dir: dir, json: c.flags.Out.JSON(), now: c.now(), terminal: term.IsTerminal(c.Stdout), damage: localdir.Damage{Dir: dir}}
	err = c.Work(ctx, "", func(ctx context.Context, bar *term.Bar) error {
		in.out, in.bar = bufio.NewWriterSize(term.Writer(ctx, c.Stdout), 64<<10), bar
		err := do(ctx, in)
		bar.Clear()
		return errors.Join(err, in.out.Flush())
	})
	if exit, ok := errors.AsType[*term.ExitError](err); ok && exit.Code == term.CodeInterrupted {
		return err
	}
	return in.damage.Result(err)
}

// view opens the directory as it is now. Damage is noted and left out.
func (in *inspector) view(ctx context.Context, prefix []byte) (*view.View, error) {
	return view.Open(ctx, in.dir, view.Options{
		Prefix:   prefix,
		Damaged:  in.damage.Add,
		Waiting:  in.bar.NoteCheckpoint,
		Progress: in.bar.Update,
	})
}

// withView runs do with the directory as it is now.
func (in *inspector) withView(ctx context.Context, prefix []byte, do func(v *view.View) error) (err error) {
	v, err := in.view(ctx, prefix)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	return do(v)
}

// streaming keeps the bar off the terminal, where it would mix with the output.
func (in *inspector) streaming() {
	if in.terminal {
		in.bar.Hide()
	}
}
