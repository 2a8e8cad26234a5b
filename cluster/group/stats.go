package group

import (
	"sort"
	"sync"
	"time"

	"owlcache/cluster"
	"owlcache/engine"
)

// latencyBounds are the upper bounds, in seconds, of the histogram of answers.
var latencyBounds = [...]float64{
	0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
}

// maxErrorText is how much of an error is kept, in bytes.
const maxErrorText = 200

// memberStats counts questions and answers.
type memberStats struct {
	mu        sync.Mutex // protects all
	requests  uint64
	errors    uint64
	contact   time.Time
	lastError string
	latency   [len(latencyBounds) + 1]uint64 // not cumulative
	seconds   float64
}

func (s *memberStats) answered(took time.Duration) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	s.contact, s.lastError = now, ""
	s.latency[sort.SearchFloat64s(latencyBounds[:], took.Seconds())]++
	s.seconds += took.Seconds()
}

// failed counts a question without an answer. One that could not be sent is an error, but
// no request.
func (s *memberStats) failed(err error, sent bool) {
	text := errorText(err)
	s.mu.Lock()
	defer s.mu.Unlock()
	if sent {
		s.requests++
	}
	s.errors++
	s.lastError = text
}

func (s *memberStats) fill(to *MemberStatus) {
	counts := make([]uint64, len(s.latency))
	s.mu.Lock()
	defer s.mu.Unlock()
	copy(counts, s.latency[:])
	to.Requests, to.Errors = s.requests, s.errors
	to.LastContact, to.LastError = s.contact, s.lastError
	to.Latency = engine.Histogram{Bounds: latencyBounds[:], Counts: counts, Sum: s.seconds}
}

// errorText returns err as one short line: parts of it may come from another machine.
func errorText(err error) string { return cluster.OneLine(err.Error(), maxErrorText) }
