package gossip

import (
	"context"
	"slices"

	"owlcache/engine"
)

// mergeBytes is how many bytes of pushed messages are merged in one go: one log record,
// one fsync.
const mergeBytes = 4 << 20

// receive takes a message of a peer. It waits for nothing but the store's locks.
func (s *syncer) receive(msg []byte) {
	if len(msg) < headerSize || msg[1] != messageFormat || le.Uint64(msg[2:]) == s.self {
		s.count.badMessages.Add(1)
		return
	}
	var err error
	switch msg[0] {
	case kindPush, kindPart:
		if !s.inbox.put(msg) {
			s.count.overflow.Add(1)
			s.compareSoon(le.Uint64(msg[2:]), pauseProgress)
		}
	case kindDigest:
		var m digestMessage
		if err = m.parse(msg); err == nil {
			s.compare(&m)
		}
	case kindList:
		m := new(listMessage)
		if err = m.parse(msg); err == nil {
			s.queueAnswer(m)
		}
	case kindEnd:
		m := new(endMessage)
		if err = m.parse(msg); err == nil {
			s.endOf(m)
		}
	default:
		err = errField
	}
	if err != nil {
		s.count.badMessages.Add(1)
	}
}

// merge merges what arrives until ctx ends.
func (s *syncer) merge(ctx context.Context) {
	for {
		msgs := s.inbox.take(ctx)
		if msgs == nil {
			return
		}
		// Pushes of one sender lie together now, and are merged together.
		slices.SortStableFunc(msgs, func(a, b []byte) int { return slices.Compare(a[:headerSize], b[:headerSize]) })
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
	for n < len(msgs) && msgs[n][0] == kindPush && slices.Equal(msgs[n][:headerSize], msgs[0][:headerSize]) {
		if bytes += len(msgs[n]); bytes > mergeBytes {
			break
		}
		n++
	}
	return n
}

// mergeMessages merges messages of one kind and sender; one, if it is a part.
func (s *syncer) mergeMessages(msgs [][]byte) {
	var m entriesMessage
	var entries []engine.Entry
	for _, msg := range msgs {
		if err := m.parse(msg); err != nil {
			s.count.badMessages.Add(1)
			continue
		}
		if entries == nil {
			entries = m.entries
		} else {
			entries = append(entries, m.entries...)
		}
	}
	if len(entries) == 0 {
		return
	}
	s.count.received.Add(uint64(len(entries)))
	merged, err := s.take(m.sender, entries)
	if err != nil {
		// The store tells why. A round begins again when it is well.
		s.compareSoon(m.sender, s.opts.Interval)
	}
	s.count.merged.Add(uint64(merged.Taken))
	s.count.stale.Add(uint64(merged.Stale))
	s.count.skewed.Add(uint64(merged.Skewed))
	s.count.invalid.Add(uint64(merged.Invalid))
	s.tellSkew(m.sender, merged.Skewed)
	if m.kind == kindPart {
		s.count.healed.Add(uint64(merged.Taken))
		s.partOf(&m, merged, err)
	}
}

// take makes entries of a peer part of the store.
func (s *syncer) take(sender uint64, entries []engine.Entry) (engine.Merged, error) {
	// What the marks say of other peers must not cover what is about to come.
	if err := s.marks.lowerMarks(oldest(entries), sender); err != nil {
		return engine.Merged{}, err
	}
	return s.opts.Store.Merge(entries)
}

// tellSkew warns once when a peer's writes begin to be refused.
func (s *syncer) tellSkew(sender uint64, refused int) {
	p := s.peer(sender)
	if p == nil {
		return
	}
	if was := p.skewed.Swap(refused > 0); refused > 0 && !was {
		s.log.Warn("writes of a peer are refused: their time is ahead of this node's clock; set the clocks of both", "peer", idString(sender), "entries", refused)
	}
}
