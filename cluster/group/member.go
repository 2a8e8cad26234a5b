package group

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"owlcache/cluster/group/ask"
)

// asker asks one member for keys, over HTTP or a WebSocket. It is used concurrently.
type asker interface {
	// Ask returns what the member has under key. That there is nothing is no error. It
	// returns soon after ctx ends, and keeps no hold on key.
	Ask(ctx context.Context, key []byte) (ask.Reply, error)
	// Sweep throws away what has got old.
	Sweep()
	// Close ends every question under way and all connections, and waits until nothing
	// of them is left.
	Close()
}

// The states of a member.
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
	m.breaker = newBreaker(m)
	return m
}

func (m *member) log() *slog.Logger { return m.group.opts.Logger.With("member", m.address) }

// close ends everything that has to do with the member.
func (m *member) close() {
	m.leave()
	m.asker.Close()
}

// maxMargin is how much earlier than a query a question ends, at most.
const maxMargin = 25 * time.Millisecond

// askTime is how long a question may take. It ends a moment before the query that waits
// for it, so that it is known by then that the member is slow: the next query shall not
// wait again.
func askTime(limit time.Duration) time.Duration { return limit - min(limit/10, maxMargin) }

// ask asks the member now, within the time limit, and takes note of how it went.
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

// The years of key times that can be merged: those that a number of nanoseconds holds,
// as the node's own times are kept and headers are made of.
const (
	firstKeyYear = 1679
	lastKeyYear  = 2261
)

// isKeyTime tells whether t can be the time of a key, wherever it is shown.
func isKeyTime(t time.Time) bool {
	there, utc := t.Year(), t.UTC().Year()
	return min(there, utc) >= firstKeyYear && max(there, utc) <= lastKeyYear
}

// checkTime makes a key time that cannot be merged none at all: the value is found, and
// yields to every other one. It is told once until the member has been down.
func (m *member) checkTime(r *ask.Reply) {
	if !r.Found || isKeyTime(r.Created) {
		return
	}
	if !r.Created.IsZero() && !m.badClock.Swap(true) {
		m.log().Warn("member of the group gives key times that cannot be: what it has counts as the oldest; correct its clock", "key_time", r.Created.UTC().Format(time.RFC3339))
	}
	r.Created = time.Time{}
}

// status returns what is known of the member.
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
