package replicate

import (
	"context"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"owlcache/cluster/gossip/internal/wire"
)

// farGroup is from how many peers on a new one is not compared with by everybody at once.
const farGroup = 16

// Replicator keeps the store and those of the peers the same. Membership tells it who is
// there and what arrives, and it sends through a Network.
type Replicator struct {
	opts Options
	log  *slog.Logger
	self uint64
	net  Network
	seen *vector

	inbox  *inbox
	lists  chan *wire.List
	rounds chan struct{} // holds a token per round under way

	ctx  context.Context // of all goroutines
	stop context.CancelFunc

	mu      sync.Mutex // protects what follows
	wg      sync.WaitGroup
	closed  bool
	pushers sync.WaitGroup
	drained bool // no more pushers
	known   map[uint64]*peer

	lastMatch atomic.Int64 // Unix ns

	counting sync.Mutex // protects counters
	counters Counters
}

// New returns a running Replicator. Close it.
func New(o Options, net Network) *Replicator {
	s := &Replicator{
		opts: o, log: o.Logger, self: o.Store.NodeID(), net: net, seen: newVector(o.Store, o.Seen),
		inbox: &inbox{max: o.InboxBytes, ready: make(chan struct{}, 1)}, lists: make(chan *wire.List, answerQueue), rounds: make(chan struct{}, maxRounds),
		known: make(map[uint64]*peer),
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.work(s.merge)
	s.work(s.schedule)
	for range answerers {
		s.work(s.answer)
	}
	return s
}

func (s *Replicator) work(f func(context.Context)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.wg.Go(func() { f(s.ctx) })
	return true
}

// Drain takes no more writes and gives those that are queued some time to be sent.
func (s *Replicator) Drain(ctx context.Context) {
	s.mu.Lock()
	s.drained = true
	peers := slices.Collect(maps.Values(s.known))
	s.mu.Unlock()
	for _, p := range peers {
		p.mu.Lock()
		if p.sub != nil {
			p.sub.Close()
		}
		p.mu.Unlock()
	}
	ctx, sent := context.WithCancel(ctx)
	if s.work(func(context.Context) { s.pushers.Wait(); sent() }) {
		<-ctx.Done()
	}
	sent()
}

// Close ends all goroutines and waits for them. What they send fails or ends by itself.
func (s *Replicator) Close() {
	s.mu.Lock()
	s.closed, s.drained = true, true
	s.mu.Unlock()
	s.stop()
	s.pushers.Wait()
	s.wg.Wait()
}

// Joined begins to push to a peer, and has it compared.
func (s *Replicator) Joined(id uint64) {
	p := s.addPeer(id)
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sub == nil && !s.startPushLocked(p) {
		return
	}
	p.pausedUntil = time.Time{}
	p.idle.Store(false)
	p.joinedAt.Store(time.Now().UnixNano())
	s.answerOwedLocked(p)
	// In a large group only some of the members compare at once, the others with a push/pull.
	if n := len(s.net.Peers()); n <= farGroup || rand.IntN(n) < farGroup {
		s.compareSoon(id, 0)
	}
}

// startPushLocked returns false after Drain. p is locked.
func (s *Replicator) startPushLocked(p *peer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.drained {
		return false
	}
	// First the subscription: what is written from here on is pushed, and what was
	// written before is in the digest.
	sub := s.opts.Store.Subscribe(s.opts.QueueBytes)
	ctx, cancel := context.WithCancel(s.ctx)
	s.pushers.Go(func() { s.push(ctx, p, sub) })
	p.sub, p.stopPush = sub, cancel
	return true
}

// Left ends pushing to a peer, and the round with it.
func (s *Replicator) Left(id uint64) {
	p := s.peer(id)
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopPush != nil {
		p.stopPush()
		p.sub, p.stopPush = nil, nil
	}
	p.idle.Store(true)
	if p.round != nil {
		p.round.fail(errGone)
	}
}
