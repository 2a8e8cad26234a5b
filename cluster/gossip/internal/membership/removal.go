package membership

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"owlcache/cluster"
	"owlcache/cluster/gossip/internal/transport"
	"owlcache/cluster/gossip/internal/wire"
)

// Join is gossip.Node.Join.
func (n *Group) Join(address string) {
	n.o.File.Remember(address)
	n.rejoin.ask(address)
	n.goOn(func(ctx context.Context) {
		// A name may stand for what was removed under its address.
		if found, err := transport.Resolve(ctx, address); err == nil {
			for _, a := range found {
				n.o.File.Remember(a)
			}
		}
		n.comeBack("it was asked to join " + cluster.OneLine(address, wire.MaxAddress))
		n.rejoin.kick()
	})
}

// Forget is gossip.Node.Forget.
func (n *Group) Forget(address string) {
	n.rejoin.forget(address)
	n.goOn(func(ctx context.Context) { n.remove(ctx, address) })
}

func (n *Group) remove(ctx context.Context, address string) {
	found, err := transport.Resolve(ctx, address)
	if err != nil {
		found = nil // perhaps an id; else there is nothing that could be told to others
	}
	nodes := n.nodesAt(append(found, address))
	for _, a := range found {
		if _, ok := nodes[a]; !ok {
			nodes[a] = 0
		}
	}
	self := false
	for _, a := range slices.Sorted(maps.Keys(nodes)) {
		id := nodes[a]
		m := wire.Remove{Sender: n.id, Node: id, At: n.stamp(), Address: a}
		if id == n.id {
			self = true
		} else {
			n.o.File.Forget(id, a)
		}
		n.log.Info("a node is removed from the sync group", "peer", idOrNone(id), "address", a)
		n.tellAll(ctx, id, m.Append(nil))
	}
	if self {
		n.beRemoved(n.id)
	}
}

// nodesAt returns the nodes that are, or were last seen, at one of some addresses, or
// have one of them as their id, by address.
func (n *Group) nodesAt(addresses []string) map[string]uint64 {
	nodes := make(map[string]uint64)
	note := func(address string, id uint64) {
		if slices.Contains(addresses, address) || slices.Contains(addresses, wire.Name(id)) {
			nodes[address] = id
		}
	}
	for _, p := range n.o.File.List() {
		note(p.Address, p.ID)
	}
	for address, id := range n.members.addresses() {
		note(address, id)
	}
	note(n.Address(), n.id)
	return nodes
}

// tellAll tells all live members, the removed one last: nobody looks for it when it leaves.
func (n *Group) tellAll(ctx context.Context, removed uint64, msg []byte) {
	limit := make(chan struct{}, triesAtOnce)
	alive := n.members.alive()
	var others sync.WaitGroup
	for _, peer := range alive {
		if peer == removed {
			continue
		}
		others.Go(func() {
			limit <- struct{}{}
			defer func() { <-limit }()
			n.tell(ctx, peer, msg)
		})
	}
	if slices.Contains(alive, removed) {
		first, told := context.WithTimeout(ctx, 2*time.Second)
		go func() { // ends with the others, which are waited for
			others.Wait()
			told()
		}()
		<-first.Done()
		n.tell(ctx, removed, msg)
	}
	others.Wait()
}

func (n *Group) tell(ctx context.Context, peer uint64, msg []byte) {
	var err error
	for range 3 {
		if err = n.Send(peer, msg); err == nil {
			return
		}
		if !cluster.Pause(ctx, time.Second) {
			return
		}
		if _, alive := n.members.live(peer); !alive {
			break
		}
	}
	n.log.Warn("a peer could not be told that a node was removed: it may bring it back", "peer", wire.Name(peer), "error", err)
}

func (n *Group) memberMessage(b []byte) {
	if !wire.IsMessage(b) {
		n.count.BadMessages.Add(1)
		return
	}
	sender := wire.Sender(b)
	if b[0] == wire.KindLeave {
		n.members.saysLeaving(sender)
		return
	}
	var m wire.Remove
	err := m.Parse(b)
	if err == nil {
		_, err = netip.ParseAddrPort(m.Address)
	}
	if _, alive := n.members.live(sender); err != nil || !alive {
		n.count.BadMessages.Add(1)
		return
	}
	n.mu.Lock()
	isNew := n.removals.take(&m, time.Now())
	n.mu.Unlock()
	if !isNew {
		n.count.BadMessages.Add(1)
		n.notices.Warn("removal", "a removal of a node was not taken: it was seen before, or the clock of its sender is wrong", "from", wire.Name(sender))
		return
	}
	if m.Node == n.id || m.Node == 0 && m.Address == n.Address() {
		n.goOn(func(context.Context) { n.beRemoved(sender) })
		return
	}
	n.o.File.Forget(m.Node, m.Address)
	n.log.Info("a node was removed from the sync group", "peer", idOrNone(m.Node), "address", m.Address, "by", wire.Name(sender))
}

func idOrNone(id uint64) string {
	if id == 0 {
		return "unknown"
	}
	return wire.Name(id)
}

// removeWindow is how old a removal may be that is taken, and how far ahead its sender's
// clock. A recorded one cannot be sent again later.
const removeWindow = time.Minute

// removals remembers the last removal of each sender, so that none is taken twice.
type removals struct {
	start int64 // Unix ms: nothing older was sent to this run of the node
	last  map[uint64]int64
}

func newRemovals(now time.Time) *removals {
	return &removals{start: now.UnixMilli(), last: make(map[uint64]int64)}
}

// take tells whether a removal is new, and forgets those that are too old for a replay.
func (r *removals) take(m *wire.Remove, now time.Time) bool {
	age := now.Sub(time.UnixMilli(m.At))
	if age > removeWindow || age < -removeWindow || m.At < r.start || m.At <= r.last[m.Sender] {
		return false
	}
	for sender, at := range r.last {
		if now.Sub(time.UnixMilli(at)) > removeWindow {
			delete(r.last, sender)
		}
	}
	r.last[m.Sender] = m.At
	return true
}
