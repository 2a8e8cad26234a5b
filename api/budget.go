package api

import (
	"context"
	"time"

	"golang.org/x/sync/semaphore"
)

// budget is a number of bytes that many requests share.
type budget struct {
	size int64
	free *semaphore.Weighted
}

func newBudget(size int64) *budget {
	return &budget{size: size, free: semaphore.NewWeighted(size)}
}

// take takes n bytes if they are free.
func (b *budget) take(n int64) bool { return b.free.TryAcquire(n) }

// takeWithin takes n bytes, or all there are if that is less, as soon as they are
// free, and returns how many; 0 after patience has passed.
func (b *budget) takeWithin(n int64, patience time.Duration) int64 {
	n = min(n, b.size)
	if b.free.TryAcquire(n) {
		return n
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if b.free.Acquire(ctx, n) != nil {
		return 0
	}
	return n
}

// give gives back n bytes.
func (b *budget) give(n int64) {
	if n > 0 {
		b.free.Release(n)
	}
}
