package term

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// Interruptible returns a context that the first SIGINT or SIGTERM ends; the second
// ends the process. stop must be called.
func Interruptible(ctx context.Context) (_ context.Context, stop func()) {
	ctx, stop = signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // from now on a signal does what it does by default
	return ctx, stop
}

// Interrupted tells whether err comes from a signal.
func Interrupted(ctx context.Context, err error) bool {
	return ctx.Err() != nil && errors.Is(err, context.Canceled)
}

// InterruptedOr returns err, or that a signal has ended the command and what that means.
func InterruptedOr(ctx context.Context, err error, meaning string) error {
	if Interrupted(ctx, err) {
		return Exit(CodeInterrupted, errors.New("interrupted: "+meaning))
	}
	return err
}
