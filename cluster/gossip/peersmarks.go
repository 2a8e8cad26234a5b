package gossip

import "time"

var _ marks = (*peersFile)(nil)

// mark returns the mark of a peer, 0 if it has none.
func (f *peersFile) mark(peer uint64) uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p := f.peers[peer]; p != nil {
		return p.mark
	}
	return 0
}

// best returns the greatest mark.
func (f *peersFile) best() (best uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.peers {
		best = max(best, p.mark)
	}
	return best
}

// setMark sets the mark of a peer that is known. It is durable within a few seconds.
func (f *peersFile) setMark(peer, t uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.peers[peer]
	if p == nil || p.mark == t {
		return
	}
	if t < p.settled {
		f.lowered++
	}
	p.lower(t)
	p.mark = t
	p.await(time.Now())
	f.kick()
}

// lowerMarks lowers the marks above t to t, but for one peer. They are durable when it
// returns without an error; nothing is written if there are none.
func (f *peersFile) lowerMarks(t, except uint64) error {
	f.mu.Lock()
	for id, p := range f.peers {
		if id == except || p.mark <= t && p.settled <= t {
			continue
		}
		if p.settled > t {
			f.lowered++
		}
		p.lower(t)
	}
	durable := f.lowered == f.durable
	f.mu.Unlock()
	if durable {
		return nil
	}
	return f.save()
}

// lower lowers the mark to t, also that which will be written.
func (p *savedPeer) lower(t uint64) {
	p.mark, p.settled = min(p.mark, t), min(p.settled, t)
	if p.next > t {
		p.next = t
	}
	if p.next <= p.settled {
		p.next = 0
	}
}

// await has the mark of now written when it has settled. One that waits already goes
// first, so that marks that are set again and again are written, too.
func (p *savedPeer) await(now time.Time) {
	if p.next == 0 && p.mark > p.settled {
		p.next, p.since = p.mark, now
	}
}

// unsettled tells whether some mark is to be written. f.mu is held.
func (f *peersFile) unsettled() bool {
	for _, p := range f.peers {
		if p.next != 0 && time.Since(p.since) >= settle {
			return true
		}
	}
	return false
}
