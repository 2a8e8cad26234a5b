package term

import (
	"context"
	"io"
)

// Reader returns a reader of the standard input that ends with ctx.
func Reader(ctx context.Context, r io.Reader) io.Reader { return &stdio{ctx: ctx, r: r} }

// Writer returns a writer to the standard output that ends with ctx.
func Writer(ctx context.Context, w io.Writer) io.Writer { return &stdio{ctx: ctx, w: w} }

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
