package membership

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/hashicorp/memberlist"

	"owlcache/cluster"
	"owlcache/cluster/gossip/internal/wire"
)

// delegate is what memberlist calls, one for each membership of a node. Most calls come
// from its only goroutine for packets, some while it holds its locks: none waits for
// long, and none calls memberlist.
type delegate struct {
	group *Group
	over  atomic.Bool // the membership has ended: what comes still is not looked at
	acks  atomic.Uint64
}

// NodeMeta tells others the run of this node.
func (d *delegate) NodeMeta(int) []byte { return wire.AppendMeta(nil, d.group.run) }

func (d *delegate) NotifyMsg(b []byte) {
	if d.over.Load() || len(b) == 0 {
		return
	}
	switch b[0] {
	case wire.KindRemove, wire.KindLeave:
		d.group.memberMessage(slices.Clone(b))
	default:
		d.group.receiver.Receive(slices.Clone(b))
	}
}

// GetBroadcasts returns nothing: packets are too small for data.
func (d *delegate) GetBroadcasts(int, int) [][]byte { return nil }

// LocalState is called for both sides of a push/pull.
func (d *delegate) LocalState(bool) []byte {
	return wire.AppendState(nil, d.group.id, d.group.run, d.group.receiver.LocalState())
}

// MergeRemoteState takes what the other side's LocalState has returned. It may run
// several times at once.
func (d *delegate) MergeRemoteState(b []byte, _ bool) {
	if d.over.Load() {
		return
	}
	id, run, message, err := wire.ParseState(b)
	switch {
	case err != nil:
		d.group.count.BadMessages.Add(1)
	case id == d.group.id && run == d.group.run:
		d.group.metSelf.Add(1)
	case id == d.group.id:
		d.group.duplicates.met()
	default:
		d.group.succeeded(id)
		d.group.receiver.Receive(slices.Clone(message))
	}
}

// NotifyAlive refuses members that make no sense: names and addresses come from peers.
func (d *delegate) NotifyAlive(n *memberlist.Node) error {
	id, err := wire.ParseName(n.Name)
	switch {
	case err != nil:
	case id == d.group.id:
		if n.Address() == d.group.Address() {
			return nil
		}
		// Either another node has our id, or somebody still has an address that we had.
		d.group.duplicates.seen(n.Address())
		return errors.New("it has the id of this node")
	case !connectable(n.Addr) || n.Port == 0:
		err = errors.New("its address is none that could be connected to")
	case d.group.members.full(id):
		err = errors.New("there are too many members")
	default:
		return nil
	}
	d.group.count.BadMessages.Add(1)
	d.group.notices.Warn("member "+err.Error(), "a member was not taken", "name", cluster.OneLine(n.Name, 40), "address", n.Address(), "error", err)
	return err
}

func connectable(ip net.IP) bool {
	addr, ok := netip.AddrFromSlice(ip)
	addr = addr.Unmap()
	return ok && !addr.IsUnspecified() && !addr.IsMulticast()
}

func (d *delegate) NotifyJoin(n *memberlist.Node) {
	if id, err := wire.ParseName(n.Name); err == nil && id != d.group.id && !d.over.Load() {
		d.group.o.File.Back(id, n.Address())
		d.group.members.join(id, n)
		if d.group.Removed() {
			d.group.goOn(func(context.Context) { d.group.comeBack("a member has joined it") })
		}
	}
}

// NotifyUpdate is called when the meta data of a member have changed: it has been
// restarted and nobody has noticed.
func (d *delegate) NotifyUpdate(n *memberlist.Node) { d.NotifyJoin(n) }

func (d *delegate) NotifyLeave(n *memberlist.Node) {
	if id, err := wire.ParseName(n.Name); err == nil && id != d.group.id && !d.over.Load() {
		d.group.members.leave(id)
	}
}

func (d *delegate) AckPayload() []byte {
	d.acks.Add(1)
	return nil
}

// NotifyPingComplete is called when a member has answered a probe, over UDP.
func (d *delegate) NotifyPingComplete(n *memberlist.Node, _ time.Duration, _ []byte) {
	if id, err := wire.ParseName(n.Name); err == nil && !d.over.Load() {
		d.group.answered(id, false)
	}
}
