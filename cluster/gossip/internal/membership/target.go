package membership

import (
	"math/rand/v2"
	"time"

	"owlcache/cluster"
)

// Pauses between two tries.
const (
	pauseLeast = 500 * time.Millisecond // after the first failure
	pauseMost  = 3 * time.Second        // of seeds, and of peers that were seen lately
	pauseRare  = time.Minute            // of others, which make way for the former
	pauseIdle  = 30 * time.Second       // of a seed that leads to the group, but under no member's address
	pauseSelf  = 5 * time.Minute        // of a seed that leads back to this node
)

// target is an address that is looked for.
type target struct {
	address string
	seed    bool
	soon    bool // it is a seed, or was seen lately
	since   time.Time
	due     time.Time
	fails   int
	trying  bool
	found   []string // what the address stood for when it was last tried, IP:PORT
	reached bool     // something has answered, when last tried
	self    bool     // and it was this node
	lastErr string
}

// turn puts those that wait into an order: what is not urgent comes later, but comes.
func (t *target) turn() time.Time {
	if t.soon {
		return t.due
	}
	return t.due.Add(pauseRare)
}

type tryResult struct {
	reached bool // something has answered
	self    bool // and it was this node
	member  bool // and what has answered is a live member now
	err     error
}

// tried takes note of a try. inGroup tells whether there are live members.
func (t *target) tried(found []string, got tryResult, inGroup bool) {
	t.trying, t.found, t.reached, t.self, t.lastErr = false, found, got.reached, got.self, ""
	now := time.Now()
	switch {
	case got.err != nil:
		t.lastErr = cluster.OneLine(explain(got.err), maxLogLine)
		most := pauseRare
		if t.soon {
			most = pauseMost
		}
		t.due = now.Add(pauseAfter(t.fails, most, rand.Float64()))
		t.fails++
	case got.self:
		t.due = now.Add(pauseSelf)
	case got.reached && !got.member && inGroup:
		t.fails, t.due = 0, now.Add(pauseIdle)
	default: // it may take a second exchange until both sides agree
		t.fails, t.due = 0, now.Add(pauseLeast)
	}
}

// pauseAfter returns how long to wait after some failures, at most; chance is from 0 to 1.
func pauseAfter(fails int, most time.Duration, chance float64) time.Duration {
	pause := min(float64(pauseLeast)*float64(int(1)<<min(fails, 10)), float64(most))
	return time.Duration(pause * (0.75 + 0.25*chance))
}
