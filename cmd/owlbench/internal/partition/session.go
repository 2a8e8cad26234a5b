package partition

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"owlcache/cmd/owlbench/internal/load"
)

// event is what a client of a node was told. A read that found nothing has no value.
type event struct {
	read  bool
	key   string
	value string // "" = nothing is there, or it was deleted
	// order is greater than that of all events that ended before this one began.
	order   uint64
	version writeVersion // of a write; it is known when the logs are read
}

func (e *event) String() string {
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

// session is a client of one node. It does one thing at a time.
type session struct {
	node   int
	client *load.ClassicClient
	clock  *atomic.Uint64 // of all sessions
	events []*event
}

// set writes a value that nothing else has.
func (s *session) set(key string) error {
	value := fmt.Sprintf("%d of node %d", s.clock.Add(1), s.node)
	r, _, err := s.client.Write(key, load.Operation{Action: load.ActSet, Value: []byte(value)}, false)
	if err == nil && r != load.Done {
		err = fmt.Errorf("set: %s", r)
	}
	return s.note(key, false, value, err)
}

// remove deletes a key. One that is not there was read, with that result.
func (s *session) remove(key string) error {
	r, _, err := s.client.Write(key, load.Operation{Action: load.ActDelete}, false)
	return s.note(key, r == load.NotFound, "", err)
}

func (s *session) get(key string) error {
	got, _, err := s.client.Get(key)
	if err == nil && got.Found && len(got.Value) == 0 {
		err = fmt.Errorf("%s is empty, which nobody has written", key)
	}
	return s.note(key, true, string(got.Value), err)
}

// note takes in an answer. All clients can always reach all nodes: no answer is a failure.
func (s *session) note(key string, read bool, value string, err error) error {
	if err != nil {
		return fmt.Errorf("node %d: %w", s.node, err)
	}
	s.events = append(s.events, &event{read: read, key: key, value: value, order: s.clock.Add(1)})
	return nil
}

type worker struct {
	*session
	rng  *rand.Rand
	keys []string       // to read
	own  []string       // of these, to write; no other session of the node writes them
	todo []func() error // in the middle of it all
}

// run works until stop is closed, and then does what is left of its tasks.
func (w *worker) run(ctx context.Context, stop <-chan struct{}) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-stop:
			for len(w.todo) > 0 && ctx.Err() == nil {
				if err := w.nextTask(); err != nil {
					return err
				}
			}
			return ctx.Err()
		case <-time.After(time.Duration(w.rng.Int64N(int64(6 * time.Millisecond)))):
		}
		if err := w.step(); err != nil {
			return err
		}
	}
}

func (w *worker) step() error {
	switch n := w.rng.IntN(100); {
	case n < 2:
		return w.nextTask()
	case n < 45:
		return w.set(w.own[w.rng.IntN(len(w.own))])
	case n < 60:
		return w.remove(w.own[w.rng.IntN(len(w.own))])
	}
	return w.get(w.keys[w.rng.IntN(len(w.keys))])
}

func (w *worker) nextTask() error {
	if len(w.todo) == 0 {
		return nil
	}
	task := w.todo[0]
	w.todo = w.todo[1:]
	return task()
}
