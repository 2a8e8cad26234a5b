package engine

import (
	"context"
	"slices"
	"sync"
)

// Change is a write of this node, durable and applied, as the feed hands it on.
// It is complete: an Expire carries the value too. Nobody may change it: all
// subscribers share it.
type Change struct {
	Kind    Kind
	Key     []byte
	Value   []byte // nil for a Delete
	Version Version
	Created int64 // Unix nanoseconds
	Expires int64 // Unix milliseconds, 0 = never
	// Before is the time of the local write before this one since the start of the store, or
	// Recovered.Start: where the change before has another version, one has been lost.
	Before uint64
}

// changeFixed is what a Change takes in memory besides key and value, in bytes.
const changeFixed = 96

func (c *Change) size() int64 { return int64(len(c.Key)+len(c.Value)) + changeFixed }

// feed hands changes to subscribers, in the order of the log.
type feed struct {
	mu   sync.Mutex // protects subs
	subs []*Subscription
	lost uint64 // by subscriptions that have ended; protected by mu

	closed bool // protected by mu
}

// Subscription receives the changes of a store from Subscribe on. A subscriber
// that does not keep up loses changes and is told so; it never holds up a write.
type Subscription struct {
	feed *feed
	max  int64

	mu     sync.Mutex // protects what follows
	queue  [][]Change // parts of batches
	bytes  int64
	lost   uint64
	closed bool
	ready  chan struct{} // holds a token while there may be something to fetch
}

// Subscribe returns a subscription that keeps at most maxBytes of changes that
// have not been fetched. Close it.
func (s *Store) Subscribe(maxBytes int64) *Subscription {
	sub := &Subscription{feed: &s.feed, max: maxBytes, ready: make(chan struct{}, 1)}
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	if s.feed.closed {
		sub.end()
		return sub
	}
	s.feed.subs = append(s.feed.subs, sub)
	return sub
}

// Next waits for changes and returns all there are. ok is false once the
// subscription or the store is closed, or ctx has ended.
func (sub *Subscription) Next(ctx context.Context) (changes []Change, ok bool) {
	for {
		sub.mu.Lock()
		batches, closed := sub.queue, sub.closed
		sub.queue, sub.bytes = nil, 0
		sub.mu.Unlock()
		switch {
		case len(batches) == 1:
			return batches[0], true
		case len(batches) > 1:
			return slices.Concat(batches...), true
		case closed:
			return nil, false
		}
		select {
		case <-sub.ready:
		case <-ctx.Done():
			return nil, false
		}
	}
}

// Queued returns how many bytes of changes wait to be fetched.
func (sub *Subscription) Queued() int64 {
	sub.mu.Lock()
	defer sub.mu.Unlock()
	return sub.bytes
}

// Lost returns how many changes did not fit.
func (sub *Subscription) Lost() uint64 {
	sub.mu.Lock()
	defer sub.mu.Unlock()
	return sub.lost
}

// Close ends the subscription. What has been queued can still be fetched.
func (sub *Subscription) Close() {
	f := sub.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	if i := slices.Index(f.subs, sub); i >= 0 {
		f.subs = slices.Delete(f.subs, i, i+1)
		f.lost += sub.Lost()
	}
	sub.end()
}

func (sub *Subscription) end() {
	sub.mu.Lock()
	sub.closed = true
	sub.mu.Unlock()
	sub.wake()
}

func (sub *Subscription) wake() {
	select {
	case sub.ready <- struct{}{}:
	default:
	}
}

func (sub *Subscription) push(batch []Change, size int64) {
	sub.mu.Lock()
	if sub.bytes+size > sub.max {
		batch, size = sub.fitting(batch)
	}
	if len(batch) > 0 {
		sub.queue = append(sub.queue, batch)
		sub.bytes += size
	}
	sub.mu.Unlock()
	sub.wake()
}

func (sub *Subscription) fitting(batch []Change) (fit []Change, size int64) {
	for i := range batch {
		if n := batch[i].size(); sub.bytes+size+n <= sub.max {
			fit = append(fit, batch[i])
			size += n
		}
	}
	sub.lost += uint64(len(batch) - len(fit))
	return fit, size
}

func (f *feed) wanted() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.subs) > 0
}

func (f *feed) publish(batch []Change) {
	size := int64(0)
	for i := range batch {
		size += batch[i].size()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, sub := range f.subs {
		sub.push(batch, size)
	}
}

func (f *feed) lostTotal() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.lost
	for _, sub := range f.subs {
		n += sub.Lost()
	}
	return n
}

func (f *feed) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for _, sub := range f.subs {
		sub.end()
	}
}
