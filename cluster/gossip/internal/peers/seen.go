package peers

import (
	"slices"
	"time"

	"owlcache/cluster/gossip/internal/wire"
)

// Back ends that a member is forgotten, when it has come back.
func (f *File) Back(id uint64, address string) {
	f.unforget(func(d forgotten) bool { return d.is(id, address) })
}

// Seen notes that a member is alive at an address, unless it was forgotten since.
func (f *File) Seen(id uint64, address string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if slices.ContainsFunc(f.dropped, func(d forgotten) bool { return d.is(id, address) }) {
		return
	}
	p := f.peers[id]
	if p == nil {
		p = &Peer{ID: id}
		f.peers[id] = p
	}
	p.Address, p.Seen, p.alive = address, time.Now(), true
	f.touchLocked()
}

func (d forgotten) is(id uint64, address string) bool {
	return d.Address == address || d.Node == wire.Name(id)
}

// Gone notes that a member is not alive any more.
func (f *File) Gone(id uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p := f.peers[id]; p != nil {
		p.Seen, p.alive = time.Now(), false
		f.touchLocked()
	}
}

// SetOwn tells the address of this node, which is not kept.
func (f *File) SetOwn(address string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.own = address
}

// List returns the members that are known, in no order.
func (f *File) List() []Peer {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := make([]Peer, 0, len(f.peers))
	for _, p := range f.peers {
		list = append(list, *p)
	}
	return list
}

// Forget drops a member, and has what is at its address not be looked for.
func (f *File) Forget(id uint64, address string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for known, p := range f.peers {
		if known == id || p.Address == address {
			delete(f.peers, known)
		}
	}
	d := forgotten{Address: address, Time: time.Now().UTC().Truncate(time.Second)}
	if id != 0 {
		d.Node = wire.Name(id)
	}
	f.dropped = slices.DeleteFunc(f.dropped, func(o forgotten) bool { return o.Address == address })
	f.dropped = append(f.dropped, d)
	f.touchLocked()
}

// Remember has an address looked for again.
func (f *File) Remember(address string) {
	f.unforget(func(d forgotten) bool { return d.Address == address })
}

func (f *File) unforget(is func(forgotten) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := len(f.dropped)
	f.dropped = slices.DeleteFunc(f.dropped, is)
	if len(f.dropped) != before {
		f.touchLocked()
	}
}

// IsForgotten tells whether an address is not to be looked for.
func (f *File) IsForgotten(address string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.ContainsFunc(f.dropped, func(d forgotten) bool { return d.Address == address })
}

// SetRemoved notes that this node was removed from its group, or with nil that it is
// back; it is durable when it returns without an error.
func (f *File) SetRemoved(r *Removal) error {
	f.mu.Lock()
	f.removed = r
	f.mu.Unlock()
	return f.save()
}

// Removal returns the removal of this node, nil if there is none.
func (f *File) Removal() *Removal {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.removed
}

const versionsEvery = 5 * time.Second // between two looks at what has been seen

// KeepVersions saves what seen returns, now and then until Close.
func (f *File) KeepVersions(seen func() (seen []wire.NodeSpan, lsn uint64)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seenNow = seen
	f.sample.Reset(versionsEvery)
}

// Versions returns what has been saved, nothing if the data, whose log ends at lsn, is
// older than that. Then it is gone from the file, too: it must not be believed later, when
// the log has grown again.
func (f *File) Versions(lsn uint64) ([]wire.NodeSpan, error) {
	f.mu.Lock()
	saved := f.settled
	older := saved.lsn > lsn
	if older {
		f.settled = versions{}
	}
	f.mu.Unlock()
	if !older {
		return saved.seen, nil
	}
	f.log.Warn("the data is older than the file of peers: the sync group gives back what is lacking", "file", f.path)
	return nil, f.save()
}

// settleLocked makes the last sample what is written, if it is old enough, and takes
// another. What is written must not be ahead of the data on the disk; with the log synced
// every second, the data is there by then.
func (f *File) settleLocked(now time.Time) {
	if f.seenNow == nil || now.Sub(f.sampledAt) < settleAfter {
		return
	}
	if !f.sampledAt.IsZero() && !slices.Equal(f.sampled.seen, f.settled.seen) {
		f.settled = f.sampled
		f.touchLocked()
	}
	f.sampled.seen, f.sampled.lsn = f.seenNow()
	f.sampledAt = now
}
