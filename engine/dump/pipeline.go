package dump

import (
	"context"
	"runtime"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
)

// Bounds of what is between the first and the last step.
const (
	slotsPerWorker = 4
	maxInFlight    = 64 << 20 // bytes
)

// slot carries a part of the work through a pipeline.
type slot[T any] struct {
	work   T
	weight int64
	ready  chan struct{} // holds a token when the work is converted
}

// pipeline converts parts in several goroutines and hands them on in their order.
type pipeline[T any] struct {
	ctx     context.Context
	free    chan *slot[T]
	todo    chan *slot[T]
	ordered chan *slot[T]
	room    *semaphore.Weighted // in bytes
}

// run calls produce, which calls next and send in turns, convert for each part in one
// of several goroutines, and finish for each part in the order in which they were
// sent. It returns the first error of any step, when all have ended. With an error of
// produce, what was sent before is finished.
func run[T any](ctx context.Context, produce func(p *pipeline[T]) error, convert func(*T), finish func(*T) error) error {
	workers := runtime.GOMAXPROCS(0)
	n := workers * slotsPerWorker
	group, gctx := errgroup.WithContext(ctx)
	p := &pipeline[T]{
		ctx: gctx, room: semaphore.NewWeighted(maxInFlight),
		free: make(chan *slot[T], n), todo: make(chan *slot[T], n), ordered: make(chan *slot[T], n),
	}
	for range n {
		p.free <- &slot[T]{ready: make(chan struct{}, 1)}
	}
	for range workers {
		group.Go(func() error {
			for s := range p.todo {
				convert(&s.work)
				s.ready <- struct{}{}
			}
			return nil
		})
	}
	group.Go(func() error { return p.finish(finish) })
	produced := produce(p) // its error does not end the others at once
	close(p.todo)
	close(p.ordered)
	if err := group.Wait(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return produced
}

func (p *pipeline[T]) finish(finish func(*T) error) error {
	for s := range p.ordered {
		<-s.ready
		if err := p.ctx.Err(); err != nil {
			return err
		}
		if err := finish(&s.work); err != nil {
			return err
		}
		p.room.Release(s.weight)
		p.free <- s
	}
	return nil
}

// next returns an empty part, or one whose buffers can be used again.
func (p *pipeline[T]) next() (*slot[T], error) {
	select {
	case s := <-p.free:
		return s, nil
	case <-p.ctx.Done():
		return nil, p.ctx.Err()
	}
}

// send hands a part on, whose conversion needs weight bytes of memory.
func (p *pipeline[T]) send(s *slot[T], weight int64) error {
	s.weight = min(weight, maxInFlight)
	if err := p.room.Acquire(p.ctx, s.weight); err != nil {
		return err
	}
	p.todo <- s // there is room for all
	p.ordered <- s
	return nil
}
