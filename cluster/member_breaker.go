package cluster

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
)

// A member is down after this many failures in a row, and at once when it has used up
// the time limit: nobody shall wait for it a second time.
const failuresToTrip = 3

// A member that is down is tried after Options.CacheLifetime, within these bounds.
const (
	minPause = time.Second
	maxPause = 10 * time.Second
)

// probeKey is what a member that is down is asked for. Any answer will do.
const probeKey = "owlcache-probe"

// breaker keeps questions from a member that is down, and finds out when it is well.
// Only the breaker's own goroutine asks such a member, so that no client waits for it.
type breaker struct {
	member *member
	pause  time.Duration
	cb     *gobreaker.CircuitBreaker[reply]
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
	b.cb = gobreaker.NewCircuitBreaker[reply](gobreaker.Settings{
		Timeout:       b.pause,
		ReadyToTrip:   func(c gobreaker.Counts) bool { return b.slow || c.ConsecutiveFailures >= failuresToTrip },
		OnStateChange: b.changed,
		IsExcluded:    func(err error) bool { return err != nil && mayBeWell(err) },
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
func (b *breaker) ask(key []byte) (reply, error) {
	return b.cb.Execute(func() (reply, error) { return b.member.ask(key) })
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
	for b.isOpen() && pauseFor(b.member.gone, b.pause+time.Millisecond) {
		_, _ = b.ask([]byte(probeKey)) // what it means has been noted
	}
}

// pauseFor waits for d, and returns false if ctx ends before.
func pauseFor(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
