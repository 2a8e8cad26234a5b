package inspect

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/localdir"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine"
	"owlcache/engine/view"
)

// command is what inspect and all commands below it have.
type command struct {
	*term.Process
	flags localdir.Flags
	now   func() time.Time
}

// Command returns the command that looks into a data directory, with the commands below it, as of now.
func Command(p *term.Process, now func() time.Time) *cobra.Command {
	c := &command{Process: p, now: now}
	cmd := &cobra.Command{
		Use:   "inspect [DIR]",
		Short: "Look into a data directory",
		Long: `Inspect shows on one screen what is in a data directory: identity, sizes, keys, snapshot, log,
what a restart would do, the groups, and what needs attention. DIR is the data directory of the
configuration unless it is given. A node may run on it: what is shown is then the state of one moment.
Nothing is changed.

Exit code 0: all was read. 7: something is damaged and left out, as the standard error says.
3: there is no such key. 1: failed. 2: wrong usage.`,
		Example: "  owlcache inspect /var/lib/owlcache\n  owlcache inspect keys --prefix user: --sort size --limit 10\n  owlcache inspect get user:1 --history\n  owlcache inspect log --follow",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.run(cmd.Context(), args, func(ctx context.Context, in *inspector) error {
				return in.overview(ctx)
			})
		},
	}
	c.flags.RegisterForAll(cmd)
	cmd.AddCommand(c.keys(), c.get(), c.log(), c.members(), c.prefixes())
	return cmd
}

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

// withView runs do with the directory as it is now. Damage is noted and left out.
func (in *inspector) withView(ctx context.Context, prefix []byte, do func(v *view.View) error) (err error) {
	v, err := view.Open(ctx, in.dir, view.Options{Prefix: prefix, Damaged: in.damage.Add, Waiting: in.bar.NoteCheckpoint, Progress: in.bar.Update})
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

// line writes one line for people.
func (in *inspector) line(format string, args ...any) {
	_, _ = fmt.Fprintf(in.out, format, args...) // the writer keeps its error until it is flushed
	_ = in.out.WriteByte('\n')
}

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
