package crash

import (
	"fmt"
	"math/rand/v2"

	"owlcache/cmd/owlbench/internal/load"
)

// writer writes its own keys over one connection, one request at a time,
// and checks what it reads of them.
type writer struct {
	seed  uint64
	rng   *rand.Rand
	keys  []*history
	board []*boardEntry // of the same keys

	writes, unanswered, checks uint64
}

func newWriter(seed uint64, id, keys int) *writer {
	w := &writer{seed: seed, rng: rand.New(rand.NewPCG(seed, uint64(id)))}
	for i := range keys {
		key := fmt.Sprintf("writer %d/key %d", id, i)
		w.keys = append(w.keys, newHistory(key))
		w.board = append(w.board, &boardEntry{key: key})
	}
	return w
}

// step does one operation, and sometimes reads the key after it.
func (w *writer) step(c *load.ClassicClient) error {
	i := w.pick()
	n := w.rng.IntN(100)
	switch {
	case n < 55:
		if err := w.write(c, i, w.newSet(i)); err != nil {
			return err
		}
	case n < 70:
		if err := w.write(c, i, load.Operation{Action: load.ActDelete}); err != nil {
			return err
		}
	case n < 80:
		if err := w.write(c, i, load.Operation{Action: load.ActExpire, Seconds: w.lifetime()}); err != nil {
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
func (w *writer) pick() int {
	if w.rng.IntN(2) == 0 {
		return w.rng.IntN(min(8, len(w.keys)))
	}
	return w.rng.IntN(len(w.keys))
}

// newSet returns the next set of a key; one in four expires.
func (w *writer) newSet(i int) load.Operation {
	seq := w.board[i].issued.Load() + 1
	op := load.Operation{Action: load.ActSet, Seq: seq, Value: valueOf(w.seed, w.keys[i].key, seq)}
	if w.rng.IntN(4) == 0 {
		op.Seconds = w.lifetime()
	}
	return op
}

// lifetime returns seconds that are over soon, or not within the run.
func (w *writer) lifetime() int64 {
	return [...]int64{1, 2, 3, 86400}[w.rng.IntN(4)]
}

// write does an operation and takes its result into the history.
func (w *writer) write(c *load.ClassicClient, i int, op load.Operation) error {
	if op.Action == load.ActSet {
		w.board[i].issued.Store(op.Seq)
	}
	r, during, err := c.Write(w.keys[i].key, op, w.rng.IntN(2) == 0)
	w.writes++
	if r == load.Unknown {
		w.unanswered++
	}
	if violation := w.keys[i].written(op, r, during); violation != nil {
		return violation
	}
	if r == load.Done && op.Action == load.ActSet {
		w.board[i].acked.Store(op.Seq)
	}
	return err
}

// check reads a key and compares it with its history.
func (w *writer) check(c *load.ClassicClient, i int) error {
	got, during, err := c.Get(w.keys[i].key)
	if err != nil {
		return err
	}
	w.checks++
	if got.Found {
		return w.keys[i].found(got.Value, got.SetAt, during)
	}
	return w.keys[i].missed(during, "get")
}

// checkAll reads all keys.
func (w *writer) checkAll(c *load.ClassicClient) error {
	for i := range w.keys {
		if err := w.check(c, i); err != nil {
			return err
		}
	}
	return nil
}

// takeSeen tells the histories what readers have seen.
func (w *writer) takeSeen() {
	for i, h := range w.keys {
		h.seen(w.board[i].seen.Load())
	}
}
