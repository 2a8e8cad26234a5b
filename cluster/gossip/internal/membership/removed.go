package membership

import (
	"context"
	"slices"
	"strings"
	"time"

	"owlcache/cluster"
	"owlcache/cluster/gossip/internal/peers"
	"owlcache/cluster/gossip/internal/wire"
)

// A node that was removed from its group listens, and looks for nobody. It comes back
// when it is asked to join, when a seed is added, or when a member joins it.

// Removed tells whether an operator has removed this node from the group.
func (n *Group) Removed() bool { return n.removed.Load() }

func (n *Group) stillRemoved() {
	r := n.o.File.Removal()
	if r == nil {
		return
	}
	seeds := n.seedList()
	if wasAdded(r.Seeds, seeds) {
		n.notRemoved(seedAdded)
		return
	}
	n.removed.Store(true)
	n.warnRemoved(r)
	n.keepSeedsLocked(r, seeds)
}

func (n *Group) warnRemoved(r *peers.Removal) {
	n.log.Warn("this node was removed from its sync group: it keeps its data and looks for nobody; "+
		"to come back, add it to the gossip group on a member, or add a member to the gossip group here",
		"by", r.By, "at", r.Time.Format(time.RFC3339))
}

// beRemoved leaves the group, and listens again when all members know of it.
func (n *Group) beRemoved(by uint64) {
	n.turn.Lock()
	defer n.turn.Unlock()
	if n.isClosing() || n.Removed() {
		return
	}
	r := &peers.Removal{Time: time.Now().UTC().Truncate(time.Second), By: wire.Name(by), Seeds: joinSeeds(n.seedList())}
	n.removed.Store(true)
	if err := n.o.File.SetRemoved(r); err != nil {
		n.log.Error("a removal from the sync group cannot be kept: it ends with a restart", "error", err)
	}
	n.warnRemoved(r)
	n.endLocked(n.ctx)
	n.goOn(n.listenLater)
}

func (n *Group) isClosing() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.down
}

// listenLater begins a membership when those who have not heard yet that this node has
// left do not talk to it any more: they would bring it back.
func (n *Group) listenLater(ctx context.Context) {
	if !cluster.Pause(ctx, n.o.Quiet) {
		return
	}
	n.turn.Lock()
	defer n.turn.Unlock()
	n.beginAgainLocked()
}

func (n *Group) beginAgainLocked() {
	if ml, _ := n.current(); ml != nil || n.isClosing() {
		return
	}
	if err := n.beginLocked(); err != nil {
		n.log.Error("this node cannot be a member of a sync group any more: restart it", "error", err)
	}
}

func (n *Group) comeBack(why string) {
	if !n.Removed() {
		return
	}
	n.turn.Lock()
	defer n.turn.Unlock()
	if n.isClosing() || !n.Removed() {
		return
	}
	n.notRemoved(why)
	n.beginAgainLocked()
	n.rejoin.kick()
}

func (n *Group) notRemoved(why string) {
	n.removed.Store(false)
	if err := n.o.File.SetRemoved(nil); err != nil {
		n.log.Error("that this node is back in its sync group cannot be kept: it ends with a restart", "error", err)
	}
	n.log.Info("this node looks for its sync group again", "reason", why)
}

const seedAdded = "an address was added to its list of seeds"

func (n *Group) seedsAre(seeds []string) {
	r := n.o.File.Removal()
	if r != nil && wasAdded(r.Seeds, seeds) {
		n.comeBack(seedAdded)
		return
	}
	n.turn.Lock()
	defer n.turn.Unlock()
	if r = n.o.File.Removal(); r != nil {
		n.keepSeedsLocked(r, seeds)
	}
}

// keepSeedsLocked notes the seeds of a removal: one that was taken out may be added again.
// n.turn is locked, or nothing else runs yet.
func (n *Group) keepSeedsLocked(r *peers.Removal, seeds []string) {
	kept := *r
	if kept.Seeds = joinSeeds(seeds); kept == *r {
		return
	}
	if err := n.o.File.SetRemoved(&kept); err != nil {
		n.log.Error("the seeds of a node that was removed from its sync group cannot be kept", "error", err)
	}
}

// joinSeeds returns seeds as they are kept with a removal: sorted, with blanks between.
func joinSeeds(seeds []string) string {
	return strings.Join(slices.Sorted(slices.Values(seeds)), " ")
}

// wasAdded tells whether seeds has one that is not in before, which joinSeeds has made.
func wasAdded(before string, seeds []string) bool {
	old := strings.Fields(before)
	return slices.ContainsFunc(seeds, func(a string) bool { return !slices.Contains(old, a) })
}
