package gossip

import "time"

// peerFigures is what the core tells of a peer.
type peerFigures struct {
	lastMatch             time.Time // zero = never
	skew                  time.Duration
	queue                 int64
	pushed, dropped, sent uint64
}

func (s *syncer) figures(id uint64) peerFigures {
	p := s.peer(id)
	if p == nil {
		return peerFigures{}
	}
	f := peerFigures{
		lastMatch: unixTime(p.lastMatch.Load()), skew: time.Duration(p.skew.Load()),
		pushed: p.pushed.Load(), dropped: p.dropped.Load(), sent: p.sent.Load(),
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sub != nil {
		f.queue = p.sub.Queued()
	}
	return f
}

// totals returns the counters of the core; those of membership are 0.
func (s *syncer) totals() Counters {
	c := &s.count
	return Counters{
		Received: c.received.Load(), Merged: c.merged.Load(), Healed: c.healed.Load(), Stale: c.stale.Load(),
		Skewed: c.skewed.Load(), Invalid: c.invalid.Load(), Overflow: c.overflow.Load(), Forgotten: c.forgotten.Load(),
		Rounds: c.rounds.Load(), Aborted: c.aborted.Load(), Matches: c.matches.Load(), Differs: c.differs.Load(),
		BadMessages: c.badMessages.Load(),
	}
}

// matched returns when this node last agreed with any peer; zero = not since the start.
func (s *syncer) matched() time.Time { return unixTime(s.lastMatch.Load()) }

func unixTime(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns)
}

func (s *syncer) waiting() int64 { return s.inbox.size() }

func (s *syncer) versions() savedVector { return s.seen.toSave() }
