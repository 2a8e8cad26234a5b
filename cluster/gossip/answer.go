package gossip

import (
	"context"
	"time"

	"owlcache/engine"
)

// Bounds of answering.
const (
	answerers   = 2  // lists answered at a time
	answerQueue = 16 // lists that wait
)

// queueAnswer has a list answered. When too many wait, its sender is told to come again.
func (s *syncer) queueAnswer(m *listMessage) {
	select {
	case s.lists <- m:
	default:
		s.count.overflow.Add(1)
		if p := s.addPeer(m.sender); p != nil {
			busy := endMessage{sender: s.self, list: m.number, busy: true}
			s.tell(p, func() error { return s.net.Send(p.id, busy.append(nil)) }, func() {}) // else its round ends by itself
		}
	}
}

// answer answers lists until ctx ends.
func (s *syncer) answer(ctx context.Context) {
	for {
		select {
		case m := <-s.lists:
			s.answerList(ctx, m)
		case <-ctx.Done():
			return
		}
	}
}

// answerList sends what the list lacks, as far as its limit goes, and then an end.
func (s *syncer) answerList(ctx context.Context, m *listMessage) {
	p := s.addPeer(m.sender)
	if p == nil {
		return
	}
	begun := time.Now()
	a := answer{
		syncer: s, list: m,
		out:     parts{kind: kindPart, sender: s.self, list: m.number},
		end:     endMessage{sender: s.self, list: m.number},
		deleted: deletedBy(m.seen, s.opts.Grace, begun),
	}
	a.compareAll(ctx)
	for _, msg := range a.out.messages() {
		if s.net.Send(m.sender, msg) != nil {
			s.owe(p, m, begun)
			return
		}
		p.sent.Add(uint64(le.Uint32(msg[countOffset:])))
	}
	a.end.parts = a.out.begun
	if s.net.Send(m.sender, a.end.append(nil)) != nil {
		s.owe(p, m, begun)
	}
}

// owe keeps a list whose answer, begun at some time, could not be sent, until its sender
// joins. A node that has just joined, or has come back under another address, may ask
// before this one knows that it is there.
func (s *syncer) owe(p *peer, m *listMessage, begun time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.owed, p.owedAt = m, begun
	if p.joinedAt.Load() > begun.UnixNano() {
		s.answerOwedLocked(p) // it has joined meanwhile
	}
}

// answerOwedLocked has the list answered that p has sent too early, unless its round has ended
// since. The lock of p is held.
func (s *syncer) answerOwedLocked(p *peer) {
	if p.owed != nil && time.Since(p.owedAt) < s.opts.Patience {
		s.queueAnswer(p.owed)
	}
	p.owed = nil
}

// answer is what is gathered in answer to a list.
type answer struct {
	*syncer
	list *listMessage
	out  parts
	end  endMessage
	// deleted tells of an entry that the peer lacks whether it has deleted it.
	deleted func(engine.Version) bool
}

// compareAll goes through the ranges of the list, shard by shard, until enough is
// gathered.
func (a *answer) compareAll(ctx context.Context) {
	for _, listed := range a.list.ranges {
		for rest, more := listed.HashRange, true; more; {
			var head engine.HashRange
			head, rest, more = headOf(rest)
			if ctx.Err() != nil || !a.compare(head, within(listed.items, head)) {
				return
			}
			a.end.upTo, a.end.some = head.Last, true
		}
	}
}

// compare gathers what theirs lacks in r. It returns false if not all of it fits.
func (a *answer) compare(r engine.HashRange, theirs []engine.Item) bool {
	own := a.opts.Store.Items(nil, []engine.HashRange{r})
	var need []uint64
	var drop []engine.Item
	difference(own, theirs, func(it engine.Item) {
		switch {
		case !it.Tombstone && a.deleted(it.Version) && !listed(theirs, it.Hash):
			drop = append(drop, it)
		case len(need) == 0 || need[len(need)-1] != it.Hash:
			need = append(need, it.Hash)
		}
	})
	a.forget(drop)
	return len(need) == 0 || a.gather(need)
}

// gather adds the entries of these hashes to the answer. It returns false if not all of
// them fit.
func (a *answer) gather(hashes []uint64) (fits bool) {
	fits = true
	limit := int(min(a.list.limit, answerBytes))
	a.opts.Store.Entries(hashes, func(e *engine.Entry) bool {
		if a.out.begun > 0 && a.out.bytes+entryFixed+len(e.Key)+len(e.Value) > limit {
			// They come in the order of their hashes.
			if h := engine.KeyHash(e.Key); h > hashes[0] {
				a.end.upTo, a.end.some = h-1, true
			}
			fits = false
			return false
		}
		a.out.add(e)
		return true
	})
	return fits
}

// listed tells whether items name any entry of hash.
func listed(items []engine.Item, hash uint64) bool {
	return len(within(items, engine.HashRange{First: hash, Last: hash})) > 0
}

// forget drops entries that the group has deleted.
func (a *answer) forget(items []engine.Item) {
	if len(items) == 0 {
		return
	}
	n, err := a.opts.Store.Forget(items)
	if err != nil {
		return // the store tells why; they are met again in the next round
	}
	a.count.forgotten.Add(uint64(n))
	a.log.Info("dropped entries that the group deleted while this node was away", "entries", n, "peer", idString(a.list.sender))
}
