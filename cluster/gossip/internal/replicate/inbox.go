package replicate

import (
	"context"
	"sync"
)

// inbox holds the messages of entries that have arrived and are not merged.
type inbox struct {
	max   int64
	ready chan struct{} // holds a token while there may be something to take

	mu    sync.Mutex // protects what follows
	queue [][]byte
	bytes int64 // of the queue and of what was taken last
	taken int64
}

// put tells whether there was room for msg.
func (b *inbox) put(msg []byte) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bytes+int64(len(msg)) > b.max {
		return false
	}
	b.bytes += int64(len(msg))
	b.queue = append(b.queue, msg)
	select {
	case b.ready <- struct{}{}:
	default:
	}
	return true
}

// take waits for messages and returns all there are. What was taken before is done
// with and counts no longer. nil = ctx has ended.
func (b *inbox) take(ctx context.Context) [][]byte {
	for {
		b.mu.Lock()
		b.bytes -= b.taken
		msgs := b.queue
		b.queue, b.taken = nil, b.bytes
		b.mu.Unlock()
		if len(msgs) > 0 {
			return msgs
		}
		select {
		case <-b.ready:
		case <-ctx.Done():
			return nil
		}
	}
}

func (b *inbox) size() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bytes
}
