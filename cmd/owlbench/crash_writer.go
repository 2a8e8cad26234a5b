package main

import (
	"context"
	"fmt"
	"math/rand/v2"
)

// crashWriter writes its own keys over one connection, one request at a time,
// and checks what it reads of them.
type crashWriter struct {
	seed  uint64
	rng   *rand.Rand
	keys  []*history
	board []*boardEntry // of the same keys

	writes, unanswered, checks uint64
}

func newCrashWriter(seed uint64, id, keys int) *crashWriter {
	w := &crashWriter{seed: seed, rng: rand.New(rand.NewPCG(seed, uint64(id)))}
	for i := range keys {
		key := fmt.Sprintf("writer %d/key %d", id, i)
		w.keys = append(w.keys, newHistory(key))
		w.board = append(w.board, &boardEntry{key: key})
	}
	return w
}

// run writes until the connection breaks or ctx is done. It returns a
// violation, or what broke the connection.
func (w *crashWriter) run(ctx context.Context, c *crashClient) error {
	for ctx.Err() == nil {
		if err := w.step(c); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// step does one operation, and sometimes reads the key after it.
func (w *crashWriter) step(c *crashClient) error {
	i := w.pick()
	n := w.rng.IntN(100)
	switch {
	case n < 55:
		if err := w.write(c, i, w.newSet(i)); err != nil {
			return err
		}
	case n < 70:
		if err := w.write(c, i, operation{action: actDelete}); err != nil {
			return err
		}
	case n < 80:
		if err := w.write(c, i, operation{action: actExpire, seconds: w.lifetime()}); err != nil {
			return err
		}
	default:
		return w.check(c, i)
	}
	if w.rng.IntN(4) == 0 {
		return w.check(c, i)
	}
	return nil
}

// pick returns the number of a key: every other time one of the first few, so
// that some keys change all the time.
func (w *crashWriter) pick() int {
	if w.rng.IntN(2) == 0 {
		return w.rng.IntN(min(8, len(w.keys)))
	}
	return w.rng.IntN(len(w.keys))
}

// newSet returns the next set of a key; one in four expires.
func (w *crashWriter) newSet(i int) operation {
	seq := w.board[i].issued.Load() + 1
	op := operation{action: actSet, seq: seq, value: crashValue(w.seed, w.keys[i].key, seq)}
	if w.rng.IntN(4) == 0 {
		op.seconds = w.lifetime()
	}
	return op
}

// lifetime returns seconds that are over soon, or not within the run.
func (w *crashWriter) lifetime() int64 {
	return [...]int64{1, 2, 3, 86400}[w.rng.IntN(4)]
}

// write does an operation and takes its result into the history.
func (w *crashWriter) write(c *crashClient, i int, op operation) error {
	if op.action == actSet {
		w.board[i].issued.Store(op.seq)
	}
	r, during, err := c.write(w.keys[i].key, op, w.rng.IntN(2) == 0)
	w.writes++
	if r == unknown {
		w.unanswered++
	}
	if violation := w.keys[i].written(op, r, during); violation != nil {
		return violation
	}
	if r == done && op.action == actSet {
		w.board[i].acked.Store(op.seq)
	}
	return err
}

// check reads a key and compares it with its history.
func (w *crashWriter) check(c *crashClient, i int) error {
	got, during, err := c.get(w.keys[i].key)
	if err != nil {
		return err
	}
	w.checks++
	if got.found {
		return w.keys[i].found(got.value, got.setAt, during)
	}
	return w.keys[i].missed(during, "get")
}

// checkAll reads all keys.
func (w *crashWriter) checkAll(c *crashClient) error {
	for i := range w.keys {
		if err := w.check(c, i); err != nil {
			return err
		}
	}
	return nil
}

// takeSeen tells the histories what readers have seen.
func (w *crashWriter) takeSeen() {
	for i, h := range w.keys {
		h.seen(w.board[i].seen.Load())
	}
}
