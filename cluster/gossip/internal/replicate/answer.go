package replicate

import (
	"context"
	"time"

	"owlcache/cluster/gossip/internal/wire"
	"owlcache/engine"
)

// Bounds of answering.
const (
	answerers   = 2  // lists answered at a time
	answerQueue = 16 // lists that wait
)

// queueAnswer has a list answered. When too many wait, its sender is told to come again.
func (s *Replicator) queueAnswer(m *wire.List) {
	select {
	case s.lists <- m:
	default:
		s.count(func(c *Counters) { c.Overflow++ })
		if p := s.addPeer(m.Sender); p != nil {
			busy := wire.End{Sender: s.self, List: m.Number, Busy: true}
			s.tell(p, func() error { return s.net.Send(p.id, busy.Append(nil)) }, func() {}) // else its round ends by itself
		}
	}
}

func (s *Replicator) answer(ctx context.Context) {
	for {
		select {
		case m := <-s.lists:
			s.answerList(ctx, m)
		case <-ctx.Done():
			return
		}
	}
}

func (s *Replicator) answerList(ctx context.Context, m *wire.List) {
	p := s.addPeer(m.Sender)
	if p == nil {
		return
	}
	begun := time.Now()
	a := answer{
		Replicator: s, list: m,
		out:     wire.Parts{Kind: wire.KindPart, Sender: s.self, List: m.Number},
		end:     wire.End{Sender: s.self, List: m.Number},
		deleted: deletedBy(m.Seen, s.opts.Grace, begun),
	}
	a.compareAll(ctx)
	for _, msg := range a.out.Messages() {
		if s.net.Send(m.Sender, msg) != nil {
			s.owe(p, m, begun)
			return
		}
		p.sent.Add(uint64(wire.Count(msg)))
	}
	a.end.Parts = a.out.Begun
	if s.net.Send(m.Sender, a.end.Append(nil)) != nil {
		s.owe(p, m, begun)
	}
}

// owe keeps a list whose answer could not be sent until its sender joins: a node may ask
// before this one knows that it is there.
func (s *Replicator) owe(p *peer, m *wire.List, begun time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.owed, p.owedAt = m, begun
	if p.joinedAt.Load() > begun.UnixNano() {
		s.answerOwedLocked(p) // it has joined meanwhile
	}
}

// answerOwedLocked answers what p has asked too early, unless that round has ended. p is locked.
func (s *Replicator) answerOwedLocked(p *peer) {
	if p.owed != nil && time.Since(p.owedAt) < s.opts.Patience {
		s.queueAnswer(p.owed)
	}
	p.owed = nil
}

type answer struct {
	*Replicator
	list *wire.List
	out  wire.Parts
	end  wire.End
	// deleted tells of an entry that the peer lacks whether it has deleted it.
	deleted func(engine.Version) bool
}

func (a *answer) compareAll(ctx context.Context) {
	for _, listed := range a.list.Ranges {
		for rest, more := listed.HashRange, true; more; {
			var head engine.HashRange
			head, rest, more = headOf(rest)
			if ctx.Err() != nil || !a.compare(head, within(listed.Items, head)) {
				return
			}
			a.end.UpTo, a.end.Some = head.Last, true
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

// gather returns false if not all of the entries fit.
func (a *answer) gather(hashes []uint64) (fits bool) {
	fits = true
	limit := int(min(a.list.Limit, answerBytes))
	a.opts.Store.Entries(hashes, func(e *engine.Entry) bool {
		if a.out.Begun > 0 && a.out.Bytes+wire.EntrySize(e) > limit {
			// They come in the order of their hashes.
			if h := engine.KeyHash(e.Key); h > hashes[0] {
				a.end.UpTo, a.end.Some = h-1, true
			}
			fits = false
			return false
		}
		a.out.Add(e)
		return true
	})
	return fits
}

func listed(items []engine.Item, hash uint64) bool {
	return len(within(items, engine.HashRange{First: hash, Last: hash})) > 0
}

func (a *answer) forget(items []engine.Item) {
	if len(items) == 0 {
		return
	}
	n, err := a.opts.Store.Forget(items)
	if err != nil {
		return // the store tells why; they are met again in the next round
	}
	a.count(func(c *Counters) { c.Forgotten += uint64(n) })
	a.log.Info("dropped entries that the group deleted while this node was away", "entries", n, "peer", wire.Name(a.list.Sender))
}
