package peers

import (
	"slices"
	"time"

	"owlcache/cluster/gossip/internal/wire"
)

// versionsEvery is how often what has been seen of other nodes' writes is written, if it
// has changed.
const versionsEvery = 5 * time.Second

// KeepVersions saves what seen returns, now and then until Close.
func (f *File) KeepVersions(seen func() (seen []wire.NodeSpan, lsn uint64)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seenNow = seen
	f.sample.Reset(versionsEvery)
}

// Versions returns what has been saved, nothing if the data, whose log ends at lsn, is
// older than that. Then it is gone from the file when versions returns: it
// must not be believed later, when the log has grown again.
func (f *File) Versions(lsn uint64) ([]wire.NodeSpan, error) {
	f.mu.Lock()
	saved := f.settled
	older := saved.lsn > lsn
	if older {
		f.settled = versions{}
	}
	f.mu.Unlock()
	if !older {
		return saved.seen, nil
	}
	f.log.Warn("the data is older than the file of peers: the sync group gives back what is lacking", "file", f.path)
	return nil, f.save()
}

// settleLocked makes the last sample what is written, if it is old enough, and takes
// another. What is written must not be ahead of the data on the disk; with the log synced
// every second, the data is there by then.
func (f *File) settleLocked(now time.Time) {
	if f.seenNow == nil || now.Sub(f.sampledAt) < settleAfter {
		return
	}
	if !f.sampledAt.IsZero() && !slices.Equal(f.sampled.seen, f.settled.seen) {
		f.settled = f.sampled
		f.touchLocked()
	}
	f.sampled.seen, f.sampled.lsn = f.seenNow()
	f.sampledAt = now
}
