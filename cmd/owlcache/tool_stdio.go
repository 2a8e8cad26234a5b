package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// interruptible returns a context that the first SIGINT or SIGTERM ends; the second
// ends the process. stop must be called.
func interruptible(ctx context.Context) (_ context.Context, stop func()) {
	ctx, stop = signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // from now on a signal does what it does by default
	return ctx, stop
}

// interrupted tells whether err comes from a signal.
func interrupted(ctx context.Context, err error) bool {
	return ctx.Err() != nil && errors.Is(err, context.Canceled)
}

// stdio reads from the standard input or writes to the standard output so that a
// context ends it: a pipe or a terminal may keep a caller waiting for ever. Such a
// call then ends in a goroutine of its own, with the process at the latest.
type stdio struct {
	ctx context.Context
	r   io.Reader
	w   io.Writer
}

func (s stdio) Read(b []byte) (int, error) { return s.call(func() (int, error) { return s.r.Read(b) }) }

func (s stdio) Write(b []byte) (int, error) {
	return s.call(func() (int, error) { return s.w.Write(b) })
}

func (s stdio) call(f func() (int, error)) (int, error) {
	type result struct {
		n   int
		err error
	}
	done := make(chan result, 1)
	go func() {
		n, err := f()
		done <- result{n, err}
	}()
	select {
	case r := <-done:
		return r.n, r.err
	case <-s.ctx.Done():
		return 0, s.ctx.Err()
	}
}
