// Package ordered converts the parts of a stream in several goroutines, and hands them on in their
// order.
//
//	err := ordered.Run(ctx, parts, produce, convert, finish)
//
// Produce calls Next and Send of its Line in turns, convert is called for each part in one of as
// many goroutines as there are processors, and finish for each part, one after the other, in the
// order in which they were sent. A part is used again when it is finished. All goroutines have
// ended when Run returns.
package ordered

import (
	"context"
	"runtime"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
)

// maxInFlight bounds, in bytes, what is between the first and the last step.
const maxInFlight = 64 << 20

// Part carries a part of the work.
type Part[T any] struct {
	Work   T
	weight int64
	ready  chan struct{} // holds a token when the work is converted
}

// Line is what goes on between the steps.
type Line[T any] struct {
	ctx     context.Context
	free    chan *Part[T]
	todo    chan *Part[T]
	ordered chan *Part[T]
	room    *semaphore.Weighted // in bytes
}

// Run returns the first error of any step, when all have ended. With an error of produce, what was sent
// before is finished. There are so many parts in all, more than processors.
func Run[T any](ctx context.Context, parts int, produce func(l *Line[T]) error, convert func(*T), finish func(*T) error) error {
	group, gctx := errgroup.WithContext(ctx)
	l := &Line[T]{
		ctx: gctx, room: semaphore.NewWeighted(maxInFlight),
		free: make(chan *Part[T], parts), todo: make(chan *Part[T], parts), ordered: make(chan *Part[T], parts),
	}
	for range parts {
		l.free <- &Part[T]{ready: make(chan struct{}, 1)}
	}
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() error {
			for p := range l.todo {
				convert(&p.Work)
				p.ready <- struct{}{}
			}
			return nil
		})
	}
	group.Go(func() error { return l.finish(finish) })
	produced := produce(l) // its error does not end the others at once
	close(l.todo)
	close(l.ordered)
	if err := group.Wait(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return produced
}

func (l *Line[T]) finish(finish func(*T) error) error {
	for p := range l.ordered {
		<-p.ready
		if err := l.ctx.Err(); err != nil {
			return err
		}
		if err := finish(&p.Work); err != nil {
			return err
		}
		l.room.Release(p.weight)
		l.free <- p
	}
	return nil
}

// Context ends when another step has failed.
func (l *Line[T]) Context() context.Context { return l.ctx }

// Next returns a part that is new, or one whose buffers can be used again.
func (l *Line[T]) Next() (*Part[T], error) {
	select {
	case p := <-l.free:
		return p, nil
	case <-l.ctx.Done():
		return nil, l.ctx.Err()
	}
}

// Send hands a part on, which needs weight bytes of memory.
func (l *Line[T]) Send(p *Part[T], weight int64) error {
	p.weight = min(weight, maxInFlight)
	if err := l.room.Acquire(l.ctx, p.weight); err != nil {
		return err
	}
	l.todo <- p // there is room for all
	l.ordered <- p
	return nil
}
