package gossip

import (
	"slices"
	"time"
)

// back ends that a member is forgotten, when it has come back.
func (f *peersFile) back(id uint64, address string) {
	f.unforget(func(d forgotten) bool { return d.is(id, address) })
}

// seen notes that a member is alive at an address, unless it was forgotten since.
func (f *peersFile) seen(id uint64, address string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if slices.ContainsFunc(f.dropped, func(d forgotten) bool { return d.is(id, address) }) {
		return
	}
	p := f.peers[id]
	if p == nil {
		p = &savedPeer{}
		f.peers[id] = p
	}
	p.address, p.seen, p.alive = address, time.Now(), true
	f.touchLocked()
}

// is tells whether it is a node that was forgotten, or what is at its address.
func (d forgotten) is(id uint64, address string) bool {
	return d.Address == address || d.Node == idString(id)
}

// gone notes that a member is not alive any more.
func (f *peersFile) gone(id uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if p := f.peers[id]; p != nil {
		p.seen, p.alive = time.Now(), false
		f.touchLocked()
	}
}

// setOwn tells the address of this node, which is not kept.
func (f *peersFile) setOwn(address string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.own = address
}

// list returns the members that are known, in no order.
func (f *peersFile) list() []peerEntry {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := make([]peerEntry, 0, len(f.peers))
	for id, p := range f.peers {
		list = append(list, peerEntry{Address: p.address, Seen: p.seen, id: id})
	}
	return list
}

// forget drops a member, and has what is at its address not be looked for.
func (f *peersFile) forget(id uint64, address string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for known, p := range f.peers {
		if known == id || p.address == address {
			delete(f.peers, known)
		}
	}
	d := forgotten{Address: address, Time: time.Now().UTC().Truncate(time.Second)}
	if id != 0 {
		d.Node = idString(id)
	}
	f.dropped = slices.DeleteFunc(f.dropped, func(o forgotten) bool { return o.Address == address })
	f.dropped = append(f.dropped, d)
	f.touchLocked()
}

// remember has an address looked for again.
func (f *peersFile) remember(address string) {
	f.unforget(func(d forgotten) bool { return d.Address == address })
}

func (f *peersFile) unforget(is func(forgotten) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := len(f.dropped)
	f.dropped = slices.DeleteFunc(f.dropped, is)
	if len(f.dropped) != before {
		f.touchLocked()
	}
}

// isForgotten tells whether an address is not to be looked for.
func (f *peersFile) isForgotten(address string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.ContainsFunc(f.dropped, func(d forgotten) bool { return d.Address == address })
}

// setRemoved notes that this node was removed from its group, or with nil that it is
// back; it is durable when it returns without an error.
func (f *peersFile) setRemoved(r *removal) error {
	f.mu.Lock()
	f.removed = r
	f.mu.Unlock()
	return f.save()
}

// removal returns the removal of this node, nil if there is none.
func (f *peersFile) removal() *removal {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.removed
}
