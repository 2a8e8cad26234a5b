package group

import (
	"errors"

	"owlcache/cluster/group/ask"
)

// Bounds on questions under way, to one member and to all. Those beyond are not asked.
const (
	maxFlightsMember = 2048
	maxFlights       = 32768
)

// flight is a question to a member that is under way, for everybody who wants to know.
// It ends by itself, whoever waits for it.
type flight struct {
	member *member
	key    string
	done   chan struct{} // closed at the end
	answer slot          // to be read after done
}

func (f *flight) landed() bool {
	select {
	case <-f.done:
		return true
	default:
		return false
	}
}

// join returns the flight of the question for key, a new one if there is none, which the
// caller has to run then. It returns nil if nothing is to be waited for: the answer, if
// there is one, is in known.
func (m *member) join(key string, known *slot) (f *flight, isNew bool) {
	if m.breaker.isOpen() {
		return nil, false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if f := m.flights[key]; f != nil {
		m.hits.Add(1)
		return f, false
	}
	// It may have landed since the cache was looked at.
	var have [1]slot
	m.group.cache.view([]byte(key), []*member{m}, have[:])
	if have[0].outcome != unasked {
		*known = have[0]
		m.hits.Add(1)
		return nil, false
	}
	if len(m.flights) >= maxFlightsMember || m.gone.Err() != nil {
		return nil, false
	}
	if m.group.flying.Add(1) > maxFlights || !m.group.enter() {
		m.group.flying.Add(-1)
		return nil, false
	}
	f = &flight{member: m, key: key, done: make(chan struct{})}
	m.flights[key] = f
	return f, true
}

// run asks the question and gives the answer to the cache and to all who wait.
func (f *flight) run() {
	m := f.member
	defer m.group.tasks.Done()
	defer m.group.flying.Add(-1)
	healed := m.breaker.healed.Load()
	r, err := m.breaker.ask([]byte(f.key))
	f.answer = slot{member: m, outcome: absent}
	switch {
	case err != nil:
		f.answer.outcome, f.answer.healed = failed, healed
	case r.Found:
		f.answer.outcome, f.answer.value, f.answer.created = present, r.Value, r.Created
	}
	if !errors.Is(err, errDown) && !ask.IsOwnFault(err) { // the member was asked
		m.group.cache.put(f.key, f.answer)
	}
	m.mu.Lock()
	delete(m.flights, f.key)
	m.mu.Unlock()
	close(f.done)
}
