package membership

import (
	"time"

	"owlcache/cluster/gossip/internal/wire"
)

// removeWindow is how old a removal may be that is taken, and how far ahead its sender's
// clock. A recorded one cannot be sent again later.
const removeWindow = time.Minute

// removals remembers the last removal of each sender, so that none is taken twice.
type removals struct {
	start int64 // Unix ms: nothing older was sent to this run of the node
	last  map[uint64]int64
}

func newRemovals(now time.Time) *removals {
	return &removals{start: now.UnixMilli(), last: make(map[uint64]int64)}
}

// take tells whether a removal is new. Those that are too old for a replay are not
// remembered.
func (r *removals) take(m *wire.Remove, now time.Time) bool {
	age := now.Sub(time.UnixMilli(m.At))
	if age > removeWindow || age < -removeWindow || m.At < r.start || m.At <= r.last[m.Sender] {
		return false
	}
	for sender, at := range r.last {
		if now.Sub(time.UnixMilli(at)) > removeWindow {
			delete(r.last, sender)
		}
	}
	r.last[m.Sender] = m.At
	return true
}
