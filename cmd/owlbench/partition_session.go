package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// partitionEvent is what a client of a node was told. A read that found nothing has
// neither a value nor a version.
type partitionEvent struct {
	read  bool
	key   string
	value string // "" = nothing is there, or it was deleted
	// order is greater than that of all events that ended before this one began.
	order   uint64
	version writeVersion // of a write; it is known when the logs are read
}

func (e *partitionEvent) String() string {
	switch {
	case e.read && e.value == "":
		return "read nothing"
	case e.read:
		return "read " + e.value
	case e.value == "":
		return fmt.Sprintf("deleted, version %s", e.version)
	}
	return fmt.Sprintf("set %s, version %s", e.value, e.version)
}

// partitionSession is a client of one node. It does one thing at a time.
type partitionSession struct {
	node   int
	client *crashClient
	clock  *atomic.Uint64 // of all sessions
	events []*partitionEvent
}

// set writes a value that nothing else has.
func (s *partitionSession) set(key string) error {
	value := fmt.Sprintf("%d of node %d", s.clock.Add(1), s.node)
	r, _, err := s.client.write(key, operation{action: actSet, value: []byte(value)}, false)
	if err == nil && r != done {
		err = fmt.Errorf("set: %s", r)
	}
	return s.note(key, false, value, err)
}

// remove deletes a key. One that is not there was read, with that result.
func (s *partitionSession) remove(key string) error {
	r, _, err := s.client.write(key, operation{action: actDelete}, false)
	return s.note(key, r == notFound, "", err)
}

func (s *partitionSession) get(key string) error {
	got, _, err := s.client.get(key)
	if err == nil && got.found && len(got.value) == 0 {
		err = fmt.Errorf("%s is empty, which nobody has written", key)
	}
	return s.note(key, true, string(got.value), err)
}

// note takes in an answer. All clients can always reach all nodes, so that no answer is
// a failure.
func (s *partitionSession) note(key string, read bool, value string, err error) error {
	if err != nil {
		return fmt.Errorf("node %d: %w", s.node, err)
	}
	s.events = append(s.events, &partitionEvent{read: read, key: key, value: value, order: s.clock.Add(1)})
	return nil
}

// partitionWorker is the load of one session.
type partitionWorker struct {
	*partitionSession
	rng    *rand.Rand
	keys   []string // to read
	own    []string // of these, to write; no other session of the node writes them
	change []string // to write once more, in the middle of it all
	doomed []string // to delete, once
}

// stepPause is the longest pause of a worker between two requests.
const stepPause = 6 * time.Millisecond

// run works until stop is closed, and then does what is left of its task.
func (w *partitionWorker) run(ctx context.Context, stop <-chan struct{}) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-stop:
			return w.finish(ctx)
		case <-time.After(time.Duration(w.rng.Int64N(int64(stepPause)))):
		}
		if err := w.step(); err != nil {
			return err
		}
	}
}

// step does one request.
func (w *partitionWorker) step() error {
	switch n := w.rng.IntN(100); {
	case n < 2:
		return w.task()
	case n < 45:
		return w.set(w.own[w.rng.IntN(len(w.own))])
	case n < 60:
		return w.remove(w.own[w.rng.IntN(len(w.own))])
	}
	return w.get(w.keys[w.rng.IntN(len(w.keys))])
}

// task does one thing that is to be done once.
func (w *partitionWorker) task() error {
	if n := len(w.doomed); n > 0 {
		key := w.doomed[n-1]
		w.doomed = w.doomed[:n-1]
		return w.remove(key)
	}
	if n := len(w.change); n > 0 {
		key := w.change[n-1]
		w.change = w.change[:n-1]
		return w.set(key)
	}
	return nil
}

func (w *partitionWorker) finish(ctx context.Context) error {
	for len(w.doomed)+len(w.change) > 0 && ctx.Err() == nil {
		if err := w.task(); err != nil {
			return err
		}
	}
	return ctx.Err()
}
