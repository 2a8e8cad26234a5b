package api

import (
	"context"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

// budgetPatience is how long a large answer waits for memory. Members of a group wait
// 2.7 s for an answer: a refusal has to come well before, also after a second wait.
const budgetPatience = 400 * time.Millisecond

// budget is a number of bytes that many requests share.
type budget struct {
	size     int64
	patience time.Duration // of takeSoon
	free     *semaphore.Weighted
	waiting  atomic.Int32 // in takeSoon
}

func newBudget(size int64) *budget {
	return &budget{size: size, patience: budgetPatience, free: semaphore.NewWeighted(size)}
}

// take takes n bytes if they are free now.
func (b *budget) take(n int64) bool { return b.free.TryAcquire(n) }

// takeSoon takes n bytes, or all there are if that is less, as soon as they are free,
// and returns how many; 0 when its patience is over.
func (b *budget) takeSoon(n int64) int64 {
	n = min(n, b.size)
	if b.take(n) {
		return n
	}
	ctx, cancel := context.WithTimeout(context.Background(), b.patience)
	defer cancel()
	b.waiting.Add(1)
	defer b.waiting.Add(-1)
	if b.free.Acquire(ctx, n) != nil {
		return 0
	}
	return n
}

// crowded tells whether somebody waits: no bytes are to be had now.
func (b *budget) crowded() bool { return b.waiting.Load() > 0 }

// give gives back n bytes.
func (b *budget) give(n int64) {
	if n > 0 {
		b.free.Release(n)
	}
}
