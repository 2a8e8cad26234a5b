package gossip

import (
	"context"
	"maps"
	"slices"
	"time"
)

// versionsEvery is how often what has been seen of other nodes' writes is written, if it
// has changed.
const versionsEvery = 5 * time.Second

// keepVersions saves what seen returns, now and then until close.
func (f *peersFile) keepVersions(seen func() savedVector) {
	f.mu.Lock()
	f.seenNow = seen
	f.mu.Unlock()
	f.wg.Go(func() { f.sample(f.ctx) })
}

// versions returns what has been saved, nil if there is nothing or if the data, whose log
// ends at lsn, is older than that. Then it is gone from the file when versions returns: it
// must not be believed later, when the log has grown again.
func (f *peersFile) versions(lsn uint64) (*savedVector, error) {
	f.mu.Lock()
	saved := f.settled
	if saved != nil && saved.lsn > lsn {
		f.settled = nil
	}
	f.mu.Unlock()
	if saved == nil || saved.lsn <= lsn {
		return saved, nil
	}
	f.log.Warn("the data is older than the file of peers: the sync group gives back what is lacking", "file", f.path)
	return nil, f.save()
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
	if f.sampled != nil && !f.sampled.same(f.settled) {
		f.settled = f.sampled
		f.touch()
	}
	sample := f.seenNow()
	f.sampled, f.sampledAt = &sample, now
}

// same tells whether nothing has been seen since o.
func (s *savedVector) same(o *savedVector) bool {
	return o != nil && maps.EqualFunc(s.seen, o.seen, slices.Equal[spans])
}
