package engine

import (
	"sync/atomic"
	"time"

	"owlcache/engine/internal/format"
)

// maxSkew is how far ahead of the local clock a remote version may be.
const maxSkew = 500 * time.Millisecond

// clock is a hybrid logical clock (Kulkarni et al., 2014, in the 48+16 bit form):
// it follows the wall clock and never goes back, whatever that does. Only the
// committer moves it.
type clock struct {
	node uint64
	last atomic.Uint64 // greatest time given or seen

	recovered Recovered
	applied   atomic.Uint64 // every local write since the start, up to this time, is in the table
}

// tick returns a version greater than all before.
func (c *clock) tick(now time.Time) Version {
	t := max(format.HybridTime(now), c.last.Load()+1)
	c.last.Store(t)
	return Version{Time: t, Node: c.node}
}

// observe puts the clock behind a version that was read back or received.
func (c *clock) observe(v Version) {
	for {
		last := c.last.Load()
		if v.Time <= last || c.last.CompareAndSwap(last, v.Time) {
			return
		}
	}
}

// tooFarAhead tells whether a remote instant, in Unix milliseconds, must be refused at
// now: taking such a version would drag all clocks along.
func tooFarAhead(ms int64, now time.Time) bool {
	return ms > now.Add(maxSkew).UnixMilli()
}
