package node

import (
	"context"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
)

// Members of a group wait 2.7 s for an answer: a refusal has to come well before, also after a second
// wait.
const budgetPatience = 400 * time.Millisecond

// Budget is a number of bytes that many requests share.
type Budget struct {
	Size     int64
	Patience time.Duration // of TakeSoon, default 400 ms
	free     *semaphore.Weighted
	waiting  atomic.Int32 // in TakeSoon
}

// NewBudget makes a budget of size bytes.
func NewBudget(size int64) *Budget {
	return &Budget{Size: size, Patience: budgetPatience, free: semaphore.NewWeighted(size)}
}

// Take takes n bytes if they are free now.
func (b *Budget) Take(n int64) bool { return b.free.TryAcquire(n) }

// TakeSoon takes n bytes, or all there are if that is less, as soon as they are free,
// and returns how many; 0 when its patience is over or ctx ends.
func (b *Budget) TakeSoon(ctx context.Context, n int64) int64 {
	n = min(n, b.Size)
	if b.Take(n) {
		return n
	}
	ctx, cancel := context.WithTimeout(ctx, b.Patience)
	defer cancel()
	b.waiting.Add(1)
	defer b.waiting.Add(-1)
	if b.free.Acquire(ctx, n) != nil {
		return 0
	}
	return n
}

// Waiting returns how many wait: while any do, no bytes are to be had.
func (b *Budget) Waiting() int { return int(b.waiting.Load()) }

// Give gives back n bytes.
func (b *Budget) Give(n int64) {
	if n > 0 {
		b.free.Release(n)
	}
}
