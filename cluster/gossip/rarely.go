package gossip

import (
	"sync"
	"time"
)

// noticeEvery is how often the same thing is logged at most.
const noticeEvery = time.Minute

// rarely tells for each kind of notice whether it is time for another one. Kinds are
// constants of this program, so their number is bounded.
type rarely struct {
	mu   sync.Mutex
	last map[string]time.Time // protected by mu
}

// ok tells whether to log a notice of this kind now.
func (r *rarely) ok(kind string) bool {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if at, found := r.last[kind]; found && now.Sub(at) < noticeEvery {
		return false
	}
	if r.last == nil {
		r.last = make(map[string]time.Time)
	}
	r.last[kind] = now
	return true
}
