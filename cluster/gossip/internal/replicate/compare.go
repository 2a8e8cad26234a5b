package replicate

import (
	"context"
	"time"

	"owlcache/cluster/gossip/internal/wire"
	"owlcache/engine"
)

const (
	pauseProgress = time.Second            // until a peer is looked at again after a change
	scheduleEvery = 100 * time.Millisecond // between two looks whether a comparison is due
	// pausedFor is how long this process must have stood still for what was sent to it
	// meanwhile to count as lost: connections pile up, and are refused.
	pausedFor = time.Second
)

// LocalState returns this node's digest for memberlist's push/pull.
func (s *Replicator) LocalState() []byte { return s.ownDigest(false) }

func (s *Replicator) ownDigest(answer bool) []byte {
	m := wire.Digest{Sender: s.self, Answer: answer, Clock: time.Now().UnixMilli(), Seen: s.seen.get()}
	s.opts.Store.Digest(&m.Digest)
	return m.Append(nil)
}

func (s *Replicator) compare(m *wire.Digest) {
	p := s.addPeer(m.Sender)
	if p == nil {
		return
	}
	now := time.Now()
	p.skew.Store(int64(time.UnixMilli(m.Clock).Sub(now)))
	if m.Answer {
		s.tellDigest(p, false)
	}
	var own engine.Digest
	s.opts.Store.Digest(&own)
	ranges := differing(&own, &m.Digest)
	if len(ranges) == 0 {
		s.count(func(c *Counters) { c.Matches++ })
		s.agreed(p, m.Seen)
		return
	}
	s.count(func(c *Counters) { c.Differs++ })
	s.startRound(p, ranges, m.Seen)
}

// Doubted has a peer compared that did not answer for a while and does again: what was
// sent to it meanwhile may be lost.
func (s *Replicator) Doubted(id uint64) { s.compareSoon(id, pauseProgress) }

// agreed notes that this node has all that p had when p had seen this.
func (s *Replicator) agreed(p *peer, seen []wire.NodeSpan) {
	s.seen.agreed(seen)
	now := time.Now().UnixNano()
	p.lastMatch.Store(now)
	s.lastMatch.Store(now)
}

// compareSoon has a peer compared in a while, or sooner if that is due already.
func (s *Replicator) compareSoon(id uint64, in time.Duration) {
	p := s.peer(id)
	if p == nil {
		return
	}
	at := time.Now().Add(in).UnixNano()
	for {
		due := p.compareAt.Load()
		if due != 0 && due <= at || p.compareAt.CompareAndSwap(due, at) {
			return
		}
	}
}

func (s *Replicator) schedule(ctx context.Context) {
	tick := time.NewTicker(scheduleEvery)
	defer tick.Stop()
	for last := time.Now(); ; {
		select {
		case <-tick.C:
			stood := time.Since(last) > pausedFor
			last = time.Now()
			for _, id := range s.net.Peers() {
				if stood {
					s.compareSoon(id, pauseProgress)
				}
				s.compareIfDue(id)
			}
		case <-ctx.Done():
			return
		}
	}
}

func (s *Replicator) compareIfDue(id uint64) {
	p := s.peer(id)
	if p == nil {
		return
	}
	if due := p.compareAt.Load(); due != 0 && due <= time.Now().UnixNano() && p.compareAt.CompareAndSwap(due, 0) {
		s.tellDigest(p, true)
	}
}

// tellDigest sends this node's digest to p, again later if it asks for p's and fails.
func (s *Replicator) tellDigest(p *peer, answer bool) {
	send := func() error { return s.net.Send(p.id, s.ownDigest(answer)) }
	s.tell(p, send, func() {
		if answer {
			s.compareSoon(p.id, pauseProgress)
		}
	})
}

// tell has send run in the background, one for each peer at a time. failed is called if
// it fails or another one is running.
func (s *Replicator) tell(p *peer, send func() error, failed func()) {
	if !p.telling.CompareAndSwap(false, true) {
		failed()
		return
	}
	started := s.work(func(context.Context) {
		defer p.telling.Store(false)
		if send() != nil {
			failed()
		}
	})
	if !started {
		p.telling.Store(false)
	}
}
