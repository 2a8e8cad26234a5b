package group

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"owlcache/cluster"
	"owlcache/cluster/group/ask"
	"owlcache/engine"
)

// asker asks one member: see ask.HTTP. It is used concurrently.
type asker interface {
	Ask(ctx context.Context, key []byte) (ask.Reply, error)
	Sweep()
	Close()
}

const (
	stateUp      = "up"
	stateDown    = "down"
	stateUnknown = "unknown"
)

// member is one node of the group, not this one.
type member struct {
	group   *Group
	address string // as the list has it
	asker   asker
	breaker *breaker
	gone    context.Context // ends when the member leaves the list, or with the group
	leave   context.CancelFunc

	mu      sync.Mutex         // protects flights
	flights map[string]*flight // questions under way, by key

	hits     atomic.Uint64 // questions that a kept answer has saved
	badClock atomic.Bool   // it has been told that key times of the member cannot be
	stats    memberStats
}

func (g *Group) newMember(address string) *member {
	m := &member{group: g, address: address, asker: g.dial(address, g.opts.Options), flights: map[string]*flight{}}
	m.gone, m.leave = context.WithCancel(g.ctx)
	m.breaker = &breaker{member: m, pause: min(max(g.opts.CacheLifetime, minPause), maxPause)}
	return m
}

func (m *member) log() *slog.Logger { return m.group.opts.Logger.With("member", m.address) }

func (m *member) close() {
	m.leave()
	m.asker.Close()
}

// maxMargin is how much earlier than a query a question ends, at most.
const maxMargin = 25 * time.Millisecond

// askTime is how long a question may take. It ends a moment before the query that waits
// for it: then it is known that the member is slow, and the next query does not wait again.
func askTime(limit time.Duration) time.Duration { return limit - min(limit/10, maxMargin) }

func (m *member) ask(key []byte) (ask.Reply, error) {
	ctx, cancel := context.WithTimeout(m.gone, askTime(m.group.opts.RequestTimeout))
	defer cancel()
	start := time.Now()
	r, err := m.asker.Ask(ctx, key)
	sent := ask.WasSent(err)
	switch {
	case err == nil:
		m.stats.answered(time.Since(start))
		m.checkTime(&r)
		return r, nil
	case m.gone.Err() != nil:
		err = ask.ErrGone // whatever it looked like
	// A connection may notice the end of the time before its context does.
	case (ctx.Err() != nil || errors.Is(err, os.ErrDeadlineExceeded)) && !ask.MayBeWell(err):
		err = errTimeout(m.group.opts.RequestTimeout)
	}
	m.stats.failed(err, sent)
	return r, err
}

// checkTime makes a key time that cannot be merged none at all: the value is found, and
// yields to every other one. It is told once until the member has been down.
func (m *member) checkTime(r *ask.Reply) {
	// The years that a number of nanoseconds holds, as times are kept, wherever it is shown.
	there, utc := r.Created.Year(), r.Created.UTC().Year()
	if !r.Found || min(there, utc) >= 1679 && max(there, utc) <= 2261 {
		return
	}
	if !r.Created.IsZero() && !m.badClock.Swap(true) {
		m.log().Warn("member of the group gives key times that cannot be: what it has counts as the oldest; correct its clock", "key_time", r.Created.UTC().Format(time.RFC3339))
	}
	r.Created = time.Time{}
}

func (m *member) status() MemberStatus {
	s := MemberStatus{Address: m.address, CacheHits: m.hits.Load()}
	m.stats.fill(&s)
	switch {
	case m.breaker.isOpen():
		s.State = stateDown
	case s.LastContact.IsZero():
		s.State = stateUnknown
	default:
		s.State = stateUp
	}
	return s
}

// latencyBounds are the upper bounds, in seconds, of the histogram of answers.
var latencyBounds = [...]float64{
	0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
}

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
	s.mu.Lock()
	defer s.mu.Unlock()
	to.Requests, to.Errors = s.requests, s.errors
	to.LastContact, to.LastError = s.contact, s.lastError
	to.Latency = engine.Histogram{Bounds: latencyBounds[:], Counts: slices.Clone(s.latency[:]), Sum: s.seconds}
}

// errorText returns err as one short line: parts of it may come from another machine.
func errorText(err error) string { return cluster.OneLine(err.Error(), maxErrorText) }

const maxErrorText = 200 // bytes
