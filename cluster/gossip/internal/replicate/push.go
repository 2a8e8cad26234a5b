package replicate

import (
	"context"
	"time"

	"owlcache/cluster"
	"owlcache/cluster/gossip/internal/wire"
	"owlcache/engine"
)

// Times of pushing.
const (
	pushPause = 10 * time.Millisecond  // between two messages to a peer: a batch gathers
	pushRetry = 500 * time.Millisecond // after a failure
)

func (s *Replicator) push(ctx context.Context, p *peer, sub *engine.Subscription) {
	defer sub.Close()
	var lost uint64
	for {
		changes, ok := sub.Next(ctx)
		if !ok {
			return
		}
		pause := pushPause
		if failed := s.pushChanges(p, changes); failed > 0 {
			p.dropped.Add(uint64(failed))
			s.compareSoon(p.id, pauseProgress)
			pause = pushRetry
		}
		if n := sub.Lost(); n > lost {
			p.dropped.Add(n - lost)
			lost = n
			s.compareSoon(p.id, pauseProgress)
		}
		if !cluster.Pause(ctx, pause) {
			return
		}
	}
}

// pushChanges returns how many changes were not sent.
func (s *Replicator) pushChanges(p *peer, changes []engine.Change) (failed int) {
	out := wire.Parts{Kind: wire.KindPush, Sender: s.self}
	for i := range changes {
		c := &changes[i]
		if c.Before != out.Last {
			out.Flush() // what lies between is lost
			out.After = c.Before
		}
		out.Add(&engine.Entry{
			Key: c.Key, Value: c.Value, Version: c.Version, Created: c.Created, Expires: c.Expires,
			Tombstone: c.Kind == engine.Delete,
		})
		out.Last = c.Version.Time
		for _, msg := range out.Done {
			failed += s.sendPush(p, msg, failed > 0)
		}
		out.Done = out.Done[:0]
	}
	for _, msg := range out.Messages() {
		failed += s.sendPush(p, msg, failed > 0)
	}
	return failed
}

// sendPush returns how many changes were not sent. After a first failure the rest of a
// batch is not tried: each try may take the time limit of a stream.
func (s *Replicator) sendPush(p *peer, msg []byte, skip bool) (failed int) {
	n := wire.Count(msg)
	if skip || s.net.Send(p.id, msg) != nil { // membership tells what it finds of a peer
		return n
	}
	p.pushed.Add(uint64(n))
	return 0
}
