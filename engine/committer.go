package engine

import (
	"errors"
	"log/slog"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"owlcache/engine/internal/format"
	"owlcache/engine/internal/memory"
	"owlcache/wal"
)

// Bounds of what one append takes in, so that nobody waits long for a batch.
const (
	queueLength   = 4096
	maxBatch      = 1024    // submissions
	maxBatchBytes = 4 << 20 // exceeded by at most one submission
)

// probeInterval is how often a full disk is looked at while nobody writes.
const probeInterval = time.Second

// Kinds of operation that only the store itself submits.
const (
	purge       Kind = iota + 100 // drop what has expired, or an old tombstone, of exactly Op.Version; Op.Expires is the instant as of which it is gone
	forget                        // make a tombstone, kept from Op.Expires on, of the entry of exactly Op.Version
	mergeSet                      // take over an entry with Op.Version, if that is greater
	mergeDelete                   // take over a deletion with Op.Version, if that is greater
)

// committer is the one writer of log and map. Everything below run happens in its
// goroutine.
type committer struct {
	log       *wal.Log
	table     *memory.Table
	clock     *clock
	feed      *feed
	logger    *slog.Logger
	retention retention

	queue chan *submission
	done  chan struct{} // closed when the goroutine has ended
	state atomic.Uint32 // a State
	cause atomic.Pointer[error]

	batch   wal.Batch
	subs    []*submission
	pending map[string]pendingEntry // what the batch will change; nil if nobody asks
	copies  memory.Slab             // of keys and values, for subscribers
	tick    int64                   // the last instant at which sweepers were due, in Unix milliseconds
	refused int64                   // size of the batch that found the disk full

	commits, ops, expired, skewed atomic.Uint64
	batchSizes                    *histogram
}

// pendingEntry is an entry as an earlier operation of the batch leaves it.
type pendingEntry struct {
	Entry
	size  int
	there bool
}

func (c *committer) run() {
	defer close(c.done)
	probe := time.NewTicker(probeInterval)
	defer probe.Stop()
	for {
		select {
		case sub, ok := <-c.queue:
			if !ok {
				return
			}
			c.collect(sub)
			c.commit()
		case <-probe.C:
			c.probe()
		}
	}
}

func (c *committer) collect(first *submission) {
	// The first waiter woke us at once: without this pause, in which the others that
	// are about to submit do so, each batch would be of one.
	runtime.Gosched()
	c.subs = append(c.subs[:0], first)
	for bytes := first.size; len(c.subs) < maxBatch && bytes < maxBatchBytes; {
		select {
		case sub, ok := <-c.queue:
			if !ok {
				return
			}
			c.subs = append(c.subs, sub)
			bytes += sub.size
		default:
			return
		}
	}
}

func (c *committer) commit() {
	c.batch.Reset()
	c.pending = nil
	if slices.ContainsFunc(c.subs, (*submission).asks) {
		c.pending = make(map[string]pendingEntry)
	}
	now := time.Now()
	c.tick = c.retention.tick(now).UnixMilli()
	for _, sub := range c.subs {
		c.decideAll(sub, now)
		if len(sub.records) == 0 {
			continue
		}
		if err := c.batch.Add(sub); err != nil { // its size was checked before
			sub.fail(err)
		}
	}
	if c.batch.Len() > 0 {
		if _, err := c.log.Append(&c.batch); err != nil {
			c.refuse(err)
		} else {
			c.apply()
		}
	}
	for i, sub := range c.subs {
		c.subs[i] = nil
		sub.done <- struct{}{}
	}
}

func (c *committer) apply() {
	c.setState(Writable, nil)
	changes := make([]Change, 0, c.listenedTo())
	for _, sub := range c.subs {
		if len(sub.records) == 0 {
			continue
		}
		for i := range sub.records {
			r := &sub.records[i]
			c.table.Apply(r)
			if !sub.local() {
				continue
			}
			if cap(changes) > 0 {
				changes = append(changes, c.change(r))
			}
			c.clock.applied.Store(r.Version.Time)
		}
		c.commits.Add(1)
		c.ops.Add(uint64(len(sub.records)))
	}
	if len(changes) > 0 {
		c.feed.publish(changes)
	}
	c.batchSizes.observe(float64(c.batch.Len()))
}

// listenedTo returns how many changes of the batch somebody wants to hear of.
func (c *committer) listenedTo() (n int) {
	if !c.feed.wanted() {
		return 0
	}
	for _, sub := range c.subs {
		if sub.local() {
			n += len(sub.records)
		}
	}
	return n
}

// change returns what the feed carries of a record that has just been applied, with
// copies of what belongs to the caller.
func (c *committer) change(r *format.Record) Change {
	change := Change{Kind: Set, Key: c.copies.Clone(r.Key), Version: r.Version, Created: r.Created, Expires: r.Expires}
	change.Before = c.clock.applied.Load()
	switch r.Kind {
	case format.RecordDelete, format.RecordTombstone:
		change.Kind = Delete
	case format.RecordExpire:
		change.Kind = Expire
		change.Value = c.table.Value(r.Key)
	case format.RecordSet:
		change.Value = c.copies.Clone(r.Value)
	}
	return change
}

func (c *committer) refuse(err error) {
	refusal := ErrNoSpace
	if errors.Is(err, wal.ErrNoSpace) {
		c.refused = int64(c.batch.Size())
		c.setState(DiskFull, err)
	} else {
		refusal = ErrReadOnly
		c.setState(ReadOnly, err)
	}
	for _, sub := range c.subs {
		for i := range sub.ops {
			// What was decided on a write of this batch has lost its reason too.
			if _, ok := c.pending[string(sub.ops[i].Key)]; ok {
				sub.ops[i].Err = nil
			}
		}
		sub.fail(refusal)
	}
}

// probe ends DiskFull when there is room again and nobody has tried to write: a
// node that is taken out of service for it would otherwise stay out.
func (c *committer) probe() {
	switch State(c.state.Load()) {
	case DiskFull:
		if c.log.HasRoom(c.refused) {
			c.setState(Writable, nil)
		}
	case Writable:
		// A failure in the background sync of the log.
		if err := c.log.Err(); err != nil {
			c.setState(ReadOnly, err)
		}
	}
}

// setState moves to a state and logs the change. ReadOnly is for good.
func (c *committer) setState(s State, cause error) {
	old := State(c.state.Load())
	if old == s || old == ReadOnly {
		return
	}
	c.cause.Store(&cause)
	c.state.Store(uint32(s))
	switch s {
	case DiskFull:
		c.logger.Error("disk is full: writes are refused, reads go on", "error", cause)
	case ReadOnly:
		c.logger.Error("log has failed: read-only until a restart", "error", cause)
	case Writable:
		c.logger.Info("there is room on the disk again: writes are taken")
	}
}

type submission struct {
	ops  []Op
	size int64 // of its records in the log, at most
	err  error
	done chan struct{} // holds a token once the committer is finished with it

	records []format.Record  // decided, in the order of ops
	one     [1]Op            // ops of a submission of one
	oneRec  [1]format.Record // records of a submission of one
}

func newSubmission(ops []Op) *submission {
	return &submission{ops: ops, done: make(chan struct{}, 1)}
}

// AppendTo makes a submission the payload of one log record: all or nothing of it
// survives a crash.
func (sub *submission) AppendTo(dst []byte) []byte {
	for i := range sub.records {
		dst = sub.records[i].AppendTo(dst)
	}
	return dst
}

// asks tells whether deciding the submission needs to know what is there.
func (sub *submission) asks() bool {
	for i := range sub.ops {
		if sub.ops[i].Kind != Set || sub.ops[i].If != Always {
			return true
		}
	}
	return false
}

// local tells whether subscribers get to see the submission.
func (sub *submission) local() bool {
	return sub.ops[0].Kind <= Expire
}

// fail answers all operations that were going to be done with err.
func (sub *submission) fail(err error) {
	sub.records = nil
	for i := range sub.ops {
		if sub.ops[i].Err == nil {
			sub.ops[i].Err, sub.ops[i].Meta = err, Meta{}
			sub.err = err
		}
	}
}
