package replicate

import "time"

// Figures are those of one peer.
type Figures struct {
	LastMatch time.Time     // zero = never
	Skew      time.Duration // how far its clock is ahead of this one's, roughly
	Queue     int64         // bytes waiting to be pushed
	Pushed    uint64        // changes
	Dropped   uint64        // changes that a full queue or a failed sending has lost
	Sent      uint64        // entries sent in answer to lists
}

// Figures returns those of a peer.
func (s *Replicator) Figures(id uint64) Figures {
	p := s.peer(id)
	if p == nil {
		return Figures{}
	}
	f := Figures{
		LastMatch: unixTime(p.lastMatch.Load()), Skew: time.Duration(p.skew.Load()),
		Pushed: p.pushed.Load(), Dropped: p.dropped.Load(), Sent: p.sent.Load(),
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sub != nil {
		f.Queue = p.sub.Queued()
	}
	return f
}

// Counters count since the start of the node.
type Counters struct {
	Received  uint64 // entries that have arrived
	Merged    uint64 // of these, taken over
	Healed    uint64 // of these, by a round
	Stale     uint64 // arrived, but not newer than what was here
	Skewed    uint64 // refused: their clock is ahead
	Invalid   uint64 // refused: malformed, or too large here
	Overflow  uint64 // messages dropped because the inbox was full
	Forgotten uint64 // entries dropped here because the group had deleted them

	Rounds  uint64 // begun
	Aborted uint64 // given up before their end
	Matches uint64 // comparisons that found equal digests
	Differs uint64 // comparisons that found different ones

	BadFrames   uint64 // frames with another key or label, or garbled; counted by membership
	BadMessages uint64 // authentic frames that make no sense here
	Refused     uint64 // connections over the limit; counted by membership
}

func (s *Replicator) count(f func(c *Counters)) {
	s.counting.Lock()
	defer s.counting.Unlock()
	f(&s.counters)
}

// Counters returns the counters of now.
func (s *Replicator) Counters() (now Counters) {
	s.count(func(c *Counters) { now = *c })
	return now
}

// Matched returns when this node last agreed with any peer; zero = not since the start.
func (s *Replicator) Matched() time.Time { return unixTime(s.lastMatch.Load()) }

func unixTime(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns)
}

// Waiting returns how many bytes have arrived and are not merged.
func (s *Replicator) Waiting() int64 { return s.inbox.size() }
