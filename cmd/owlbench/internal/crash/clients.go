package crash

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/cespare/xxhash/v2"

	"owlcache/cmd/owlbench/internal/load"
)

// writer writes its own keys, one request at a time, and checks what it reads of them.
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

func (w *writer) step(c *load.ClassicClient) error {
	var op load.Operation
	i := w.pick()
	switch n := w.rng.IntN(100); {
	case n < 55:
		op = w.newSet(i)
	case n < 70:
		op.Action = load.ActDelete
	case n < 80:
		op = load.Operation{Action: load.ActExpire, Seconds: w.lifetime()}
	default:
		return w.check(c, i)
	}
	if err := w.write(c, i, op); err != nil || w.rng.IntN(4) > 0 {
		return err
	}
	return w.check(c, i)
}

// pick returns the number of a key, often one of the first few, which so change all the time.
func (w *writer) pick() int {
	if w.rng.IntN(2) == 0 {
		return w.rng.IntN(min(8, len(w.keys)))
	}
	return w.rng.IntN(len(w.keys))
}

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

func (w *writer) checkAll(c *load.ClassicClient) error {
	for i := range w.keys {
		if err := w.check(c, i); err != nil {
			return err
		}
	}
	return nil
}

// boardEntry is what writer and readers of a key tell each other. The numbers only grow.
type boardEntry struct {
	key    string
	issued atomic.Uint64 // last set that was sent
	acked  atomic.Uint64 // last set that was acknowledged
	seen   atomic.Uint64 // greatest set whose value a reader got
}

func (e *boardEntry) sawUpTo(seq uint64) {
	for {
		old := e.seen.Load()
		if seq <= old || e.seen.CompareAndSwap(old, seq) {
			return
		}
	}
}

type reader struct {
	seed  uint64
	rng   *rand.Rand
	board []*boardEntry
	reads uint64
}

// step reads one key. The value must be whole, sent, and no older than what was acknowledged.
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

const seqSize = 8 // of the number that a value starts with

// valueOf returns the value of set number seq of a key: its number and random bytes, or
// nothing. The same arguments give the same value.
func valueOf(seed uint64, key string, seq uint64) []byte {
	rng := rand.New(rand.NewPCG(seed^xxhash.Sum64String(key), seq))
	size := valueSize(rng)
	if size == 0 {
		return nil
	}
	value := make([]byte, seqSize, seqSize+size+8)
	binary.BigEndian.PutUint64(value, seq)
	for len(value) < seqSize+size {
		value = binary.LittleEndian.AppendUint64(value, rng.Uint64())
	}
	return value[:seqSize+size]
}

// valueSize draws a size: mostly small, some 0, a few larger than a page or a small log segment.
func valueSize(rng *rand.Rand) int {
	switch n := rng.IntN(2048); {
	case n < 128:
		return 0
	case n < 160:
		return rng.IntN(32 << 10)
	case n < 161:
		return rng.IntN(1536 << 10)
	default:
		return 1 + rng.IntN(200)
	}
}

// valueSeq returns the number of the set that wrote a value, 0 if the value does not tell.
func valueSeq(value []byte) uint64 {
	if len(value) < seqSize {
		return 0
	}
	return binary.BigEndian.Uint64(value)
}
