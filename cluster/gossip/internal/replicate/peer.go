package replicate

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"owlcache/cluster/gossip/internal/wire"
	"owlcache/engine"
)

// peer is what a Replicator knows of another node.
type peer struct {
	id uint64

	pushed, dropped, sent atomic.Uint64
	lastMatch             atomic.Int64 // Unix ns
	compareAt             atomic.Int64 // Unix ns at which to compare; 0 = not due
	skew                  atomic.Int64 // ns
	skewed                atomic.Bool  // some of its last writes were refused
	joinedAt              atomic.Int64 // Unix ns
	telling               atomic.Bool  // see tell
	idle                  atomic.Bool  // has left

	mu          sync.Mutex // protects what follows
	round       *round
	owed        *wire.List           // could not be answered, and is when the peer joins
	owedAt      time.Time            // since when
	pausedUntil time.Time            // no round before
	sub         *engine.Subscription // nil while the peer is not alive
	stopPush    context.CancelFunc
}

func (s *Replicator) peer(id uint64) *peer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known[id]
}

// addPeer returns the record of a node, nil if there are too many.
func (s *Replicator) addPeer(id uint64) *peer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.known[id]; p != nil {
		return p
	}
	for other, p := range s.known { // any that has left
		if len(s.known) < wire.MaxNodes {
			break
		}
		if p.idle.Load() {
			delete(s.known, other)
		}
	}
	if len(s.known) >= wire.MaxNodes {
		return nil
	}
	p := &peer{id: id}
	p.idle.Store(true)
	s.known[id] = p
	return p
}
