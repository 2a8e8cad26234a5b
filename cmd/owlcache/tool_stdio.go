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
// call then ends in a goroutine of its own, with the process at the latest. It has the
// buffer alone: what belongs to the caller is not touched behind the caller's back.
type stdio struct {
	ctx context.Context
	r   io.Reader
	w   io.Writer
	buf []byte
}

func (s *stdio) Read(b []byte) (int, error) {
	buf := s.take(len(b))
	n, err := s.call(func() (int, error) { return s.r.Read(buf) })
	return copy(b, buf[:n]), err
}

func (s *stdio) Write(b []byte) (int, error) {
	buf := s.take(len(b))
	copy(buf, b)
	return s.call(func() (int, error) { return s.w.Write(buf) })
}

// take returns a buffer of n bytes.
func (s *stdio) take(n int) []byte {
	if cap(s.buf) < n {
		s.buf = make([]byte, n)
	}
	return s.buf[:n]
}

func (s *stdio) call(f func() (int, error)) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
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
		s.buf = nil // it belongs to the call that was left
		return 0, s.ctx.Err()
	}
}
