package inspect

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
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
	stderr   io.Writer
	terminal bool // the standard output is one
	damage   localdir.Damage
	progress *term.Bar
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
	ctx, stop := term.Interruptible(ctx)
	defer stop()
	in := &inspector{
		dir: dir, json: c.flags.Out.JSON(), now: c.now(),
		out: bufio.NewWriterSize(term.Writer(ctx, c.Stdout), 64<<10), stderr: c.Stderr, terminal: term.IsTerminal(c.Stdout),
		damage: localdir.Damage{Dir: dir}, progress: c.Bar(),
	}
	err = do(ctx, in)
	in.progress.Clear()
	err = errors.Join(err, in.out.Flush())
	if term.Interrupted(ctx, err) {
		return term.Exit(term.CodeInterrupted, errors.New("interrupted"))
	}
	return in.damage.Result(err)
}

// view opens the directory as it is now. Damage is noted and left out.
func (in *inspector) view(ctx context.Context, prefix []byte) (*view.View, error) {
	return view.Open(ctx, in.dir, view.Options{
		Prefix:   prefix,
		Damaged:  in.damage.Add,
		Waiting:  func() { in.note("a checkpoint is running: waiting for its end") },
		Progress: in.progress.Update,
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

// note tells a person something that is no part of the output.
func (in *inspector) note(format string, args ...any) {
	in.progress.Clear()
	_, _ = fmt.Fprintf(in.stderr, "owlcache: "+format+"\n", args...) // without stderr nobody is left to tell
}

// streaming keeps the bar off the terminal, where it would mix with the output.
func (in *inspector) streaming() {
	if in.terminal {
		in.progress = new(term.Bar)
	}
}
