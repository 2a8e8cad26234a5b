package replicate

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"owlcache/cluster/gossip/internal/wire"
	"owlcache/engine"
)

const mergeBytes = 4 << 20 // of pushed messages that are merged with one fsync

// Receive takes a message of a peer. It waits for nothing but the store's locks.
func (s *Replicator) Receive(msg []byte) {
	if !wire.IsMessage(msg) || wire.Sender(msg) == s.self {
		s.count(func(c *Counters) { c.BadMessages++ })
		return
	}
	var err error
	switch msg[0] {
	case wire.KindPush, wire.KindPart:
		if !s.inbox.put(msg) {
			s.count(func(c *Counters) { c.Overflow++ })
			s.compareSoon(wire.Sender(msg), pauseProgress)
		}
	case wire.KindDigest:
		var m wire.Digest
		if err = m.Parse(msg); err == nil {
			s.compare(&m)
		}
	case wire.KindList:
		m := new(wire.List)
		if err = m.Parse(msg); err == nil {
			s.queueAnswer(m)
		}
	case wire.KindEnd:
		m := new(wire.End)
		if err = m.Parse(msg); err == nil {
			s.endOf(m)
		}
	default:
		err = errors.ErrUnsupported
	}
	if err != nil {
		s.count(func(c *Counters) { c.BadMessages++ })
	}
}

func (s *Replicator) merge(ctx context.Context) {
	for {
		msgs := s.inbox.take(ctx)
		if msgs == nil {
			return
		}
		// Pushes of one sender lie together now, and are merged together.
		slices.SortStableFunc(msgs, func(a, b []byte) int { return slices.Compare(a[:wire.HeaderSize], b[:wire.HeaderSize]) })
		for len(msgs) > 0 {
			n := together(msgs)
			s.mergeMessages(msgs[:n])
			msgs = msgs[n:]
		}
	}
}

// together returns how many messages at the beginning of msgs are merged in one go.
func together(msgs [][]byte) int {
	n, bytes := 1, len(msgs[0])
	for n < len(msgs) && msgs[n][0] == wire.KindPush && slices.Equal(msgs[n][:wire.HeaderSize], msgs[0][:wire.HeaderSize]) {
		if bytes += len(msgs[n]); bytes > mergeBytes {
			break
		}
		n++
	}
	return n
}

// mergeMessages merges messages of one kind and sender; one, if it is a part.
func (s *Replicator) mergeMessages(msgs [][]byte) {
	var m wire.Entries
	var entries []engine.Entry
	var brought []wire.NodeSpan
	for _, msg := range msgs {
		if err := m.Parse(msg); err != nil {
			s.count(func(c *Counters) { c.BadMessages++ })
			if r := s.roundWith(wire.Sender(msg)); r != nil {
				r.fail(err)
			}
			continue
		}
		entries = append(entries, m.Entries...)
		brought = append(brought, wire.NodeSpan{Node: m.Sender, Span: wire.Span{After: m.After, Last: m.Last}})
	}
	if len(brought) == 0 {
		return
	}
	received := len(entries)
	entries, known := s.dropKnown(entries)
	merged, err := s.opts.Store.Merge(entries)
	if err != nil {
		// The store tells why. A round begins again when it is well.
		s.compareSoon(m.Sender, s.opts.Interval)
	}
	s.count(func(c *Counters) {
		c.Received += uint64(received)
		c.Merged += uint64(merged.Taken)
		c.Stale += uint64(merged.Stale + known)
		c.Skewed += uint64(merged.Skewed)
		c.Invalid += uint64(merged.Invalid)
		if m.Kind == wire.KindPart {
			c.Healed += uint64(merged.Taken)
		}
	})
	s.tellSkew(m.Sender, merged.Skewed)
	switch {
	case m.Kind == wire.KindPart:
		s.partOf(&m, merged, err)
	case err == nil && merged.Skewed+merged.Invalid == 0:
		s.seen.agreed(brought)
	}
}

// dropKnown leaves out what this node has had, and may have deleted so long ago that its
// tombstone is gone: a message that somebody has recorded must not bring it back.
func (s *Replicator) dropKnown(entries []engine.Entry) (rest []engine.Entry, known int) {
	now := time.Now()
	old := uint64(max(0, now.Add(-s.opts.Grace).UnixMilli())) << 16
	if !slices.ContainsFunc(entries, func(e engine.Entry) bool { return e.Version.Time < old }) {
		return entries, 0
	}
	deleted := deletedBy(s.seen.get(), s.opts.Grace, now)
	rest = slices.DeleteFunc(entries, func(e engine.Entry) bool { return !e.Tombstone && deleted(e.Version) })
	return rest, len(entries) - len(rest)
}

func (s *Replicator) tellSkew(sender uint64, refused int) {
	p := s.peer(sender)
	if p == nil {
		return
	}
	if was := p.skewed.Swap(refused > 0); refused > 0 && !was {
		s.log.Warn("writes of a peer are refused: their time is ahead of this node's clock; set the clocks of both", "peer", wire.Name(sender), "entries", refused)
	}
}

// inbox holds the messages of entries that have arrived and are not merged.
type inbox struct {
	max   int64
	ready chan struct{} // holds a token while there may be something to take

	mu    sync.Mutex // protects what follows
	queue [][]byte
	bytes int64 // of the queue and of what was taken last
	taken int64
}

// put tells whether there was room for msg.
func (b *inbox) put(msg []byte) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bytes+int64(len(msg)) > b.max {
		return false
	}
	b.bytes += int64(len(msg))
	b.queue = append(b.queue, msg)
	select {
	case b.ready <- struct{}{}:
	default:
	}
	return true
}

// take waits for messages and returns all there are. What was taken before is done
// with and counts no longer. nil = ctx has ended.
func (b *inbox) take(ctx context.Context) [][]byte {
	for {
		b.mu.Lock()
		b.bytes -= b.taken
		msgs := b.queue
		b.queue, b.taken = nil, b.bytes
		b.mu.Unlock()
		if len(msgs) > 0 {
			return msgs
		}
		select {
		case <-b.ready:
		case <-ctx.Done():
			return nil
		}
	}
}

func (b *inbox) size() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bytes
}
