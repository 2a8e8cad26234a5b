package group

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"owlcache/cluster"
	"owlcache/cluster/group/ask"
)

// A member that is down is tried after Options.CacheLifetime, within these bounds.
const (
	minPause = time.Second
	maxPause = 10 * time.Second
)

var errDown = errors.New("the member is down")

// breaker keeps questions from a member that is down, and finds out when it is well.
// Only the breaker's own goroutine asks such a member, so that no client waits for it.
type breaker struct {
	member *member
	pause  time.Duration
	open   atomic.Bool
	// healed counts how often the member has come back. A failure from before is none of
	// the member as it is now.
	healed atomic.Uint32

	mu       sync.Mutex // protects failures, and changes of the above
	failures int        // in a row
}

func (b *breaker) isOpen() bool { return b.open.Load() }

// ask asks the member, unless it is down.
func (b *breaker) ask(key []byte) (ask.Reply, error) {
	if b.isOpen() {
		return ask.Reply{}, errDown
	}
	healed := b.healed.Load()
	r, err := b.member.ask(key)
	b.note(err, healed)
	return r, err
}

// note takes note of how a question has ended that was asked after so many healings.
func (b *breaker) note(err error, healed uint32) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.isOpen() || b.healed.Load() != healed: // it says nothing of the member as it is now
	case err == nil:
		b.failures = 0
	case !ask.MayBeWell(err):
		b.failures++
		if isTimeout(err) || b.failures >= ask.FailuresToTrip {
			b.open.Store(true)
			b.member.log().Warn("member of the group is down", "error", errorText(err), "retry_every", b.pause.String())
			b.member.group.start(b.probe)
		}
	}
}

func (b *breaker) probe() {
	for cluster.Pause(b.member.gone, b.pause) {
		if _, err := b.member.ask([]byte(ask.ProbeKey)); err == nil {
			b.heal()
			return
		}
	}
}

func (b *breaker) heal() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures = 0
	b.healed.Add(1)
	b.member.badClock.Store(false)
	b.open.Store(false)
	b.member.log().Info("member of the group is up again")
}

// timeoutError is returned for a member that has not answered in time.
type timeoutError struct{ limit time.Duration }

func errTimeout(limit time.Duration) error { return timeoutError{limit} }

func (e timeoutError) Error() string { return fmt.Sprintf("no answer within %v", e.limit) }

// isTimeout tells whether err is that of a question that has cost all the time there is.
func isTimeout(err error) bool {
	_, ok := errors.AsType[timeoutError](err)
	return ok
}
