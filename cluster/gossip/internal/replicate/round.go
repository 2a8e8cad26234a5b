package replicate

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"owlcache/cluster/gossip/internal/wire"
	"owlcache/engine"
)

// Bounds of a round.
const (
	maxRounds   = 4       // under way at a time
	answerBytes = 8 << 20 // that one answer brings, but for one entry more
	manyEntries = 1000    // make a round worth a line in the log
)

var (
	errSilent  = errors.New("no answer in time")
	errBusy    = errors.New("the peer answers too many others")
	errGone    = errors.New("the peer is gone")
	errRefused = errors.New("the store took not all")
)

// round is the exchange in which this node gets from a peer what it lacks: it lists what
// it has where the digests differ, in parts, and asks for the next part when the answer
// to the one before has been merged.
type round struct {
	peer  *peer
	begun time.Time
	seen  []wire.NodeSpan // what the peer had seen when its digest was made
	news  chan struct{}   // holds a token when something has come

	mu      sync.Mutex      // protects what follows
	list    uint64          // number of the list that is being answered
	arrived map[uint32]bool // parts of the answer that have been merged
	end     *wire.End       // of the answer
	err     error
	roundResult
}

type roundResult struct {
	taken   int  // entries taken over
	refused bool // some were refused: the stores do not agree yet
}

// startRound begins a round with p over ranges, unless that is to wait.
func (s *Replicator) startRound(p *peer, ranges []engine.HashRange, seen []wire.NodeSpan) {
	p.mu.Lock()
	defer p.mu.Unlock()
	wait := time.Until(p.pausedUntil)
	if p.round != nil {
		return
	}
	if wait > 0 {
		s.compareSoon(p.id, wait)
		return
	}
	select {
	case s.rounds <- struct{}{}:
	default:
		s.compareSoon(p.id, pauseProgress)
		return
	}
	r := &round{peer: p, begun: time.Now(), seen: seen, news: make(chan struct{}, 1), list: rand.Uint64()}
	if !s.work(func(ctx context.Context) { s.runRound(ctx, r, ranges) }) {
		<-s.rounds
		return
	}
	p.round = r
}

func (s *Replicator) runRound(ctx context.Context, r *round, ranges []engine.HashRange) {
	s.count(func(c *Counters) { c.Rounds++ })
	// Several peers may have the same for this node. Beginning anywhere, the rounds with
	// them share the work.
	behind, before := splitAt(ranges, rand.Uint64())
	err := s.goRound(ctx, r, behind)
	if err == nil {
		err = s.goRound(ctx, r, before)
	}
	p, got := r.peer, r.result()
	if err == nil && got.refused {
		err = errRefused
	}
	pause := s.opts.Interval
	if got.taken > 0 || errors.Is(err, errSilent) || errors.Is(err, errGone) || errors.Is(err, errBusy) {
		pause = min(pause, pauseProgress)
	}
	if err == nil {
		s.agreed(p, r.seen)
	} else {
		s.count(func(c *Counters) { c.Aborted++ })
	}
	s.tellRound(r, got, err)
	p.mu.Lock()
	p.round, p.pausedUntil = nil, time.Now().Add(pause)
	p.mu.Unlock()
	<-s.rounds
	if got.taken > 0 || err != nil {
		s.compareSoon(p.id, pause)
	}
}

func (s *Replicator) tellRound(r *round, got roundResult, err error) {
	level := slog.LevelDebug
	if got.taken >= manyEntries {
		level = slog.LevelInfo
	}
	text := "took over what a peer had"
	args := []any{"peer", wire.Name(r.peer.id), "entries", got.taken, "in", time.Since(r.begun).Round(time.Millisecond)}
	if err != nil {
		text, args = "data sync with a peer ended early", append(args, "error", err)
	}
	s.log.Log(context.Background(), level, text, args...)
}

func (s *Replicator) goRound(ctx context.Context, r *round, todo []engine.HashRange) error {
	for len(todo) > 0 {
		before := r.result().taken
		m, rest := s.listOf(todo)
		if err := s.sendList(r, m); err != nil {
			return err
		}
		end, err := r.await(ctx, s.opts.Patience)
		if err != nil {
			return err
		}
		switch {
		case end.Some && end.UpTo >= m.Ranges[len(m.Ranges)-1].Last:
			todo = rest
		case end.Some && end.UpTo >= todo[0].First:
			todo = behind(todo, end.UpTo)
		case r.result().taken == before:
			// What came first was refused, and would come again.
			head, _, _ := headOf(todo[0])
			todo = behind(todo, head.Last)
			r.mu.Lock()
			r.refused = true
			r.mu.Unlock()
		}
	}
	return nil
}

// listOf lists what this node has in the first of todo, and returns the ranges left over.
func (s *Replicator) listOf(todo []engine.HashRange) (m *wire.List, rest []engine.HashRange) {
	m = &wire.List{Sender: s.self, Seen: s.seen.get(), Limit: answerBytes}
	rest = todo
	for n := 0; len(rest) > 0 && n < wire.MaxListItems && len(m.Ranges) < wire.MaxListRanges; {
		head, _, _ := headOf(rest[0])
		items := s.opts.Store.Items(nil, []engine.HashRange{head})
		if c := cutAt(items, wire.MaxListItems); c < len(items) {
			items = items[:c]
			head.Last = items[c-1].Hash
		}
		m.Add(wire.ListedRange{HashRange: head, Items: items})
		n += len(items)
		rest = behind(rest, head.Last)
	}
	return m, rest
}

// cutAt returns how many of items to list: about max, but all of one hash.
func cutAt(items []engine.Item, max int) int {
	n := min(max, len(items))
	for n > 0 && n < len(items) && items[n].Hash == items[n-1].Hash {
		n++
	}
	return n
}

func (s *Replicator) sendList(r *round, m *wire.List) error {
	r.mu.Lock()
	r.list++
	r.arrived, r.end = make(map[uint32]bool), nil
	m.Number = r.list
	r.mu.Unlock()
	return s.net.Send(r.peer.id, m.Append(nil))
}

// await waits until the list has been answered and the answer merged.
func (r *round) await(ctx context.Context, within time.Duration) (*wire.End, error) {
	for {
		select {
		case <-r.news:
		case <-time.After(within):
			return nil, errSilent
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if end, err := r.look(); end != nil || err != nil {
			return end, err
		}
	}
}

// look returns the end of the answer if all of it is there.
func (r *round) look() (*wire.End, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.err != nil:
		return nil, r.err
	case r.end != nil && r.end.Busy:
		return nil, errBusy
	case r.end == nil || len(r.arrived) < int(r.end.Parts):
		return nil, nil
	}
	return r.end, nil
}

func (r *round) result() roundResult {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.roundResult
}

func (r *round) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
	r.tell()
}

func (r *round) tell() {
	select {
	case r.news <- struct{}{}:
	default:
	}
}

// partOf tells the round of a merged part of it.
func (s *Replicator) partOf(m *wire.Entries, merged engine.Merged, err error) {
	s.inRound(m.Sender, m.List, func(r *round) {
		r.arrived[m.Part] = true
		r.taken += merged.Taken
		r.refused = r.refused || merged.Skewed+merged.Invalid > 0
		r.err = cmp.Or(r.err, err)
	})
}

func (s *Replicator) endOf(m *wire.End) {
	s.inRound(m.Sender, m.List, func(r *round) { r.end = m })
}

// inRound calls f with the round that waits for the answer to a list, its lock held.
func (s *Replicator) inRound(peer, list uint64, f func(r *round)) {
	r := s.roundWith(peer)
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.list == list {
		f(r)
		r.tell()
	}
}

func (s *Replicator) roundWith(id uint64) *round {
	p := s.peer(id)
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.round
}
