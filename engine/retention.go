package engine

import (
	"time"

	"owlcache/engine/internal/format"
)

// retention is how long a store remembers what is gone, so that no replica brings it
// back. Nodes with the same settings and right clocks forget an entry at the same
// instant: at each, the sweeper is due at multiples of its interval, and what is to be
// forgotten, or no longer to be taken over, is judged as of the last of these.
type retention struct {
	grace time.Duration // 0 = nothing is remembered
	every time.Duration // interval of the sweeper
}

// tick returns the last instant up to now at which sweepers are due.
func (r retention) tick(now time.Time) time.Time {
	n := max(0, now.UnixNano())
	return time.Unix(0, n-n%int64(r.every))
}

// over tells whether at an instant, in Unix milliseconds, an entry has been gone for as
// long as it is remembered. Nothing is over while nothing is remembered.
func (r retention) over(e *format.Entry, at int64) bool {
	return r.grace > 0 && !e.Live(at) && max(int64(e.Version.Time>>16), e.Expires) <= at-r.grace.Milliseconds()
}
