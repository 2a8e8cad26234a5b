package gossip

import (
	"context"
	"maps"
	"time"
)

// versionsEvery is how often what has been seen of other nodes' writes is written, if it
// has changed.
const versionsEvery = 5 * time.Second

// keepVersions saves what seen returns, now and then until close.
func (f *peersFile) keepVersions(seen func() map[uint64]uint64) {
	f.mu.Lock()
	f.seenNow = seen
	f.mu.Unlock()
	f.wg.Go(func() { f.sample(f.ctx) })
}

// versions returns what has been saved.
func (f *peersFile) versions() map[uint64]uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.settled)
}

// sample has what has been seen written one sample late. It must not be ahead of the data
// on the disk; with the log synced every second, the data is there by then.
func (f *peersFile) sample(ctx context.Context) {
	tick := time.NewTicker(versionsEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			f.mu.Lock()
			f.settle(time.Now())
			f.mu.Unlock()
		case <-ctx.Done():
			return
		}
	}
}

// settle makes the last sample what is written, if it is old enough, and takes another.
// f.mu is held.
func (f *peersFile) settle(now time.Time) {
	if f.seenNow == nil || now.Sub(f.sampledAt) < settleAfter {
		return
	}
	if f.sampled != nil && !maps.Equal(f.sampled, f.settled) {
		f.settled = f.sampled
		f.touch()
	}
	f.sampled, f.sampledAt = f.seenNow(), now
}
