package group

import (
	"context"
	"slices"
	"time"

	"owlcache/engine"
)

// Reach tells how complete the result of a query is.
type Reach struct {
	Members  int // nodes that the query was for, the node itself among them
	Answered int // of these, with an answer, be it that there is nothing or one from before
}

// Query returns what the node itself and the members have under key: the newest first,
// each node once. With a target only that node is asked, which may be this one; nobody
// has anything on a target that is no member. It returns in time whatever the members
// do, with what has come until then.
func (g *Group) Query(ctx context.Context, key []byte, target string) ([]Answer, Reach) {
	set := g.members()
	self, members := set.pick(target)
	slots := make([]slot, len(members))
	g.gather(ctx, key, members, slots)
	answers := make([]Answer, 0, len(members)+1)
	if self {
		if value, meta, ok := g.opts.Store.Get(nil, key); ok {
			answers = append(answers, Answer{Address: set.name, Value: value, Created: ownTime(meta)})
		}
	}
	answered := 0
	for i := range slots {
		s := &slots[i]
		if s.answered() {
			answered++
		}
		if s.outcome == present {
			answers = append(answers, Answer{Address: members[i].address, Value: s.value, Created: s.created})
		}
	}
	// Those of one time stay in their order: the node's own first, then as the list has them.
	slices.SortStableFunc(answers, func(a, b Answer) int { return b.Created.Compare(a.Created) })
	return answers, reach(self, len(members), answered)
}

// Newest appends the newest value under key to dst. Everything else is as for Query,
// except that it copies no value but this one, and makes no garbage when the answers of
// all members are known.
func (g *Group) Newest(ctx context.Context, dst, key []byte, target string) (value []byte, created time.Time, r Reach, ok bool) {
	self, members := g.members().pick(target)
	var few [8]slot
	slots := few[:]
	if len(members) > len(few) {
		slots = make([]slot, len(members))
	}
	slots = slots[:len(members)]
	g.gather(ctx, key, members, slots)
	best, answered := newest(slots)
	r = reach(self, len(members), answered)
	if self {
		own, meta, ok := g.opts.Store.Get(dst, key)
		if ok && (best.outcome != present || !best.created.After(ownTime(meta))) {
			return own, ownTime(meta), r, true
		}
	}
	return append(dst, best.value...), best.created, r, best.outcome == present
}

// gather fills slots, which are zero, with the answers that are kept or come in time.
func (g *Group) gather(ctx context.Context, key []byte, members []*member, slots []slot) {
	g.cache.view(key, members, slots)
	missing := false
	for i, m := range members {
		if slots[i].outcome != unasked {
			m.hits.Add(1)
		} else if !m.breaker.isOpen() {
			missing = true
		}
	}
	if missing {
		g.askMissing(ctx, key, members, slots)
	}
}

func (g *Group) askMissing(ctx context.Context, key []byte, members []*member, slots []slot) {
	text := string(key)
	flights := make([]*flight, len(members))
	waiting := false
	var mine *flight // is for this goroutine to run
	for i, m := range members {
		if slots[i].outcome != unasked {
			continue
		}
		f, isNew := m.join(text, &slots[i])
		if isNew && mine != nil {
			go mine.run() // Close waits for it
			mine = nil
		}
		if isNew {
			mine = f
		}
		flights[i] = f
		waiting = waiting || f != nil
	}
	switch {
	case !waiting:
		return
	case mine == nil:
	case ctx.Done() == nil:
		// Nobody calls this query off, and the question ends within the time limit. To
		// wait for another goroutine costs more than many a member's answer.
		mine.run()
	default:
		go mine.run()
	}
	limit := time.NewTimer(g.opts.RequestTimeout)
	defer limit.Stop()
	expired := false
	for i, f := range flights {
		if f == nil {
			continue
		}
		if !expired {
			select {
			case <-f.done:
			case <-limit.C:
				expired = true
			case <-ctx.Done():
				expired = true
			}
		}
		if f.landed() {
			slots[i] = f.answer
		}
	}
}

// newest returns the newest value among slots, the first of several of one time, zero if
// there is none, and how many of them are an answer.
func newest(slots []slot) (best slot, answered int) {
	for i := range slots {
		s := &slots[i]
		if s.answered() {
			answered++
		}
		if s.outcome == present && (best.outcome != present || s.created.After(best.created)) {
			best = *s
		}
	}
	return best, answered
}

// answered tells whether the member has said what it has.
func (s *slot) answered() bool { return s.outcome == present || s.outcome == absent }

// reach counts the node itself, which has always answered, to the members.
func reach(self bool, members, answered int) Reach {
	if self {
		return Reach{members + 1, answered + 1}
	}
	return Reach{members, answered}
}

func ownTime(meta engine.Meta) time.Time { return time.Unix(0, meta.Created).UTC() }
