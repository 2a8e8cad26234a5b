package term

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// Work runs do, which takes long: the first SIGINT or SIGTERM ends its context, the second the
// process, and its bar is taken away at its end. interrupted says what it means that a signal has
// ended it; it may be empty.
func (p *Process) Work(ctx context.Context, interrupted string, do func(ctx context.Context, bar *Bar) error) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // from now on a signal does what it does by default
	bar := p.Bar()
	err := do(ctx, bar)
	bar.Clear()
	switch {
	case !Interrupted(ctx, err):
		return err
	case interrupted == "":
		return Exit(CodeInterrupted, errors.New("interrupted"))
	}
	return Exit(CodeInterrupted, errors.New("interrupted: "+interrupted))
}

// Interrupted tells whether err comes from a signal.
func Interrupted(ctx context.Context, err error) bool {
	return ctx.Err() != nil && errors.Is(err, context.Canceled)
}
