package crash

import (
	"bytes"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"owlcache/cmd/owlbench/internal/load"
)

// A boardEntry is what writer and readers of a key tell each other, as numbers
// of sets. They only grow.
type boardEntry struct {
	key    string
	issued atomic.Uint64 // last set that was sent
	acked  atomic.Uint64 // last set that was acknowledged
	seen   atomic.Uint64 // greatest set whose value a reader got
}

// sawUpTo raises seen to at least seq.
func (e *boardEntry) sawUpTo(seq uint64) {
	for {
		old := e.seen.Load()
		if seq <= old || e.seen.CompareAndSwap(old, seq) {
			return
		}
	}
}

// reader reads keys that others write.
type reader struct {
	seed  uint64
	rng   *rand.Rand
	board []*boardEntry
	reads uint64
}

// step reads one key and checks that the value is whole, was sent, and is no
// older than what was acknowledged before.
func (r *reader) step(c *load.ClassicClient) error {
	entry := r.board[r.rng.IntN(len(r.board))]
	acked := entry.acked.Load()
	got, during, err := c.Get(entry.key)
	if err != nil {
		return err
	}
	r.reads++
	seq := valueSeq(got.Value)
	if seq == 0 {
		return nil // absent or empty: the writer's history knows whether that is right
	}
	h := newHistory(entry.key)
	h.note("%d-%d a reader got seq %d at %s", during.From, during.To, seq, time.UnixMilli(during.To).Format(time.StampMilli))
	switch {
	case seq > entry.issued.Load():
		return h.violated("a reader got set %d, which was never sent", seq)
	case seq < acked:
		return h.violated("a reader got set %d after set %d was acknowledged", seq, acked)
	case !bytes.Equal(got.Value, valueOf(r.seed, entry.key, seq)):
		return h.violated("a reader got other bytes than set %d sent", seq)
	}
	entry.sawUpTo(seq)
	return nil
}
