package group

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"

	"owlcache/cluster"
	"owlcache/cluster/group/ask"
)

// A member that is down is tried after Options.CacheLifetime, within these bounds.
const (
	minPause = time.Second
	maxPause = 10 * time.Second
)

// breaker keeps questions from a member that is down, and finds out when it is well.
// Only the breaker's own goroutine asks such a member, so that no client waits for it.
type breaker struct {
	member *member
	pause  time.Duration
	cb     *gobreaker.CircuitBreaker[ask.Reply]
	open   atomic.Bool
	// healed counts how often the member has come back. A failure from before is none of
	// the member as it is now.
	healed atomic.Uint32

	// In calls of cb, which never overlap:
	slow  bool  // the failure was a timeout
	cause error // the failure
}

func newBreaker(m *member) *breaker {
	b := &breaker{member: m, pause: min(max(m.group.opts.CacheLifetime, minPause), maxPause)}
	b.cb = gobreaker.NewCircuitBreaker[ask.Reply](gobreaker.Settings{
		Timeout:       b.pause,
		ReadyToTrip:   func(c gobreaker.Counts) bool { return b.slow || c.ConsecutiveFailures >= ask.FailuresToTrip },
		OnStateChange: b.changed,
		IsExcluded:    func(err error) bool { return err != nil && ask.MayBeWell(err) },
		IsSuccessful: func(err error) bool {
			b.slow, b.cause = isTimeout(err), err
			return err == nil
		},
	})
	return b
}

// isOpen tells whether the member is down.
func (b *breaker) isOpen() bool { return b.open.Load() }

// ask asks the member, unless it is down.
func (b *breaker) ask(key []byte) (ask.Reply, error) {
	return b.cb.Execute(func() (ask.Reply, error) { return b.member.ask(key) })
}

// changed takes note of a change of state. It is called in the order of the changes.
func (b *breaker) changed(_ string, from, to gobreaker.State) {
	m := b.member
	log := m.group.opts.Logger.With("member", m.address)
	switch {
	case from == gobreaker.StateClosed:
		b.open.Store(true)
		log.Warn("member of the group is down", "error", errorText(b.cause), "retry_every", b.pause.String())
		m.group.start(b.probe)
	case to == gobreaker.StateClosed:
		b.healed.Add(1)
		m.badClock.Store(false)
		b.open.Store(false)
		log.Info("member of the group is up again")
	}
}

// probe asks the member now and then until it is well or has left.
func (b *breaker) probe() {
	// At the end of the pause itself cb is still open.
	for b.isOpen() && cluster.Pause(b.member.gone, b.pause+time.Millisecond) {
		_, _ = b.ask([]byte(ask.ProbeKey)) // what it means has been noted
	}
}

// isOwnFault tells whether err is of this node's making: the member was not asked.
func isOwnFault(err error) bool {
	return ask.IsOwnFault(err) || errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests)
}

// timeoutError is returned for a member that has not answered in time.
type timeoutError struct{ limit time.Duration }

func errTimeout(limit time.Duration) error { return timeoutError{limit} }

func (e timeoutError) Error() string { return fmt.Sprintf("no answer within %v", e.limit) }

// Timeout makes it a timeout as package net knows it.
func (e timeoutError) Timeout() bool { return true }

// isTimeout tells whether err is that of a question that has cost all the time there is.
func isTimeout(err error) bool {
	_, ok := errors.AsType[timeoutError](err)
	return ok
}
