package gossip

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/memberlist"

	"owlcache/cluster"
)

// Node is a member of a sync group. All methods may be called concurrently.
type Node struct {
	o       Options
	log     *slog.Logger
	id, run uint64 // see appendMeta
	address string // what others connect to
	times   times
	keys    *memberlist.Keyring

	count     tally
	notices   rarely
	bridge    *logBridge
	peersFile *peersFile
	savedIPs  map[netip.Addr]bool // of the members that peersFile had at the start
	members   *members
	hub       *hub
	twins     *twins
	core      core
	rejoin    *rejoiner
	metSelf   atomic.Uint64 // exchanges with this node itself
	begun     atomic.Int64  // Unix ns at which it last became a member

	ctx  context.Context // of all goroutines
	stop context.CancelFunc

	turn    sync.Mutex // held while a membership begins or ends; taken before mu
	removed atomic.Bool
	closing sync.Once
	closed  error // of Close

	mu       sync.Mutex // protects what follows
	wg       sync.WaitGroup
	down     bool                   // no goroutine begins
	ml       *memberlist.Memberlist // nil while this node is no member
	delegate *delegate              // of ml
	removals *removals
	stamped  int64 // Unix ms of the last removal that was sent
}

// newCore makes the core of a node.
type newCore func(o Options, net network, saved *savedVector) core

// Start begins to listen, and to look for the group; it does not wait until it is found.
func Start(o Options) (*Node, error) {
	return start(o, func(o Options, net network, saved *savedVector) core { return newSyncer(o, net, saved) })
}

func start(o Options, makeCore newCore) (_ *Node, err error) {
	if o, err = o.withDefaults(); err != nil {
		return nil, err
	}
	n := &Node{o: o, log: o.Logger, id: o.Store.NodeID(), run: rand.Uint64(), times: timesOf(o.Preset), removals: newRemovals(time.Now())}
	n.members = newMembers()
	n.bridge = newLogBridge(n.log, &n.count, &n.notices, n)
	if n.keys, err = newKeyring(o.AuthKey, o.AcceptKeys); err != nil {
		return nil, err
	}
	if n.hub, err = newHub(o, n.times, newInbound(&n.count, &n.notices, n.log, n.knows)); err != nil {
		return nil, err
	}
	ip, port, err := n.hub.address(o.AdvertiseAddr, o.AdvertisePort)
	if err != nil {
		return nil, errors.Join(err, n.hub.close())
	}
	n.address = net.JoinHostPort(ip.String(), strconv.Itoa(port))
	if n.peersFile, err = openPeersFile(o.PeersFile, n.id, n.log); err != nil {
		return nil, errors.Join(err, n.hub.close())
	}
	saved, err := n.peersFile.versions(o.Store.Recovered().LSN)
	if err != nil {
		n.peersFile.close()
		return nil, errors.Join(err, n.hub.close())
	}
	n.peersFile.setOwn(n.address)
	n.savedIPs = ipsOf(n.peersFile.list())
	n.twins = newTwins(n.id, n.address, n.log)
	n.rejoin = newRejoiner(n)
	n.ctx, n.stop = context.WithCancel(context.Background())
	n.core = makeCore(o, n, saved)
	n.peersFile.keepVersions(n.core.versions)
	n.stillRemoved()
	if err := n.begin(); err != nil {
		return nil, errors.Join(err, n.Close(context.Background()))
	}
	n.goOn(n.tellChanges)
	n.goOn(n.watchTwins)
	n.goOn(n.rejoin.run)
	return n, nil
}

// Bounds of leaving the group.
const (
	drainWithin = 5 * time.Second
	leaveWithin = 2 * time.Second
)

// Close sends what is queued, leaves the group, and waits for all that Start has started.
// When ctx ends it waits no longer for others. A second Close waits for the first.
func (n *Node) Close(ctx context.Context) error {
	n.closing.Do(func() { n.closed = n.close(ctx) })
	return n.closed
}

func (n *Node) close(ctx context.Context) error {
	n.mu.Lock()
	n.down = true
	n.mu.Unlock()
	drain, cancel := context.WithTimeout(ctx, drainWithin)
	defer cancel()
	n.core.drain(drain)
	n.turn.Lock()
	n.end(ctx)
	n.turn.Unlock()
	n.stop()
	n.wg.Wait()
	n.deliver() // that the others are gone now
	err := n.hub.close()
	n.core.close()
	n.peersFile.close()
	return err
}

// goOn runs f in a goroutine that Close waits for, unless the node is being closed.
func (n *Node) goOn(f func(context.Context)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.down {
		n.wg.Go(func() { f(n.ctx) })
	}
}

// Address returns what others connect to, IP:PORT.
func (n *Node) Address() string { return n.address }

// membership returns memberlist and its delegate, nil while this node is no member.
func (n *Node) membership() (*memberlist.Memberlist, *delegate) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.ml, n.delegate
}

// begin begins a membership. n.turn is held, or nothing else runs yet.
func (n *Node) begin() error {
	d := &delegate{node: n}
	v := n.hub.attach()
	ml, err := memberlist.Create(memberConfig(n.o, idString(n.id), n.times, n.keys, v, d, n.bridge))
	if err != nil {
		return errors.Join(err, v.Shutdown())
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ml, n.delegate = ml, d
	n.begun.Store(time.Now().UnixNano())
	return nil
}

// end leaves the group. n.turn is held.
func (n *Node) end(ctx context.Context) {
	ml, d := n.membership()
	if ml == nil {
		return
	}
	if !n.twins.found() { // it would be the other one that leaves
		n.leave(ctx, ml)
	}
	n.mu.Lock()
	n.ml, n.delegate = nil, nil
	n.mu.Unlock()
	d.over.Store(true)
	_ = ml.Shutdown() // returns nil always; what fails is in its log
	n.members.leaveAll()
}

// leave tells the group that this node leaves.
func (n *Node) leave(ctx context.Context, ml *memberlist.Memberlist) {
	n.sayLeaving(ml)
	ctx, cancel := context.WithTimeout(ctx, leaveWithin)
	defer cancel()
	deadline, _ := ctx.Deadline()
	// 0 would be for ever.
	if err := ml.Leave(max(time.Until(deadline), time.Millisecond)); err != nil {
		n.log.Debug("leaving the sync group", "error", err)
	}
}

// sayLeaving tells the members that this node goes because it wants to, as far as packets
// get through.
func (n *Node) sayLeaving(ml *memberlist.Memberlist) {
	msg := appendHeader(nil, kindLeave, n.id)
	for _, peer := range n.members.alive() {
		if node, ok := n.members.live(peer); ok {
			_ = ml.SendBestEffort(&node, msg) // it only explains
		}
	}
}

// tellChanges tells the core who comes and goes, until ctx ends.
func (n *Node) tellChanges(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.members.changes.wake:
			n.deliver()
		}
	}
}

func (n *Node) deliver() {
	for id, c := range n.members.changes.take() {
		if c.left {
			n.peersFile.gone(id)
			n.core.left(id)
			if !c.joined {
				n.log.Info("a peer of the sync group is gone", "peer", idString(id))
			}
		}
		node, alive := n.members.live(id)
		if c.joined && alive {
			n.peersFile.seen(id, node.Address())
			n.core.joined(id)
			n.log.Info("a peer of the sync group is there", "peer", idString(id), "address", node.Address())
		}
	}
}

var _ network = (*Node)(nil)

// peers returns the ids of live members, without this node.
func (n *Node) peers() []uint64 { return n.members.alive() }

// send sends a message to a live peer. It waits for as long as a stream may take, but not
// until the peer has read the message.
func (n *Node) send(peer uint64, msg []byte) error {
	node, alive := n.members.live(peer)
	ml, _ := n.membership()
	if !alive || ml == nil {
		return errDown
	}
	if err := ml.SendReliable(&node, msg); err != nil {
		n.failed(peer, cluster.OneLine(err.Error(), maxLogLine))
		return err
	}
	n.succeeded(peer)
	return nil
}

// joinNow exchanges members and states with the node at IP:PORT.
func (n *Node) joinNow(ctx context.Context, address string) error {
	ml, _ := n.membership()
	if ml == nil || ctx.Err() != nil {
		return errDown
	}
	_, err := ml.Join([]string{address})
	if err == nil {
		return nil
	}
	if _, reason, ok := strings.Cut(err.Error(), "failed to join "+address+": "); ok {
		return errors.New(strings.TrimSpace(reason)) // memberlist makes a list of one
	}
	return err
}

// stamp returns the time of a removal, Unix ms: later than all before.
func (n *Node) stamp() int64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.stamped = max(n.stamped+1, time.Now().UnixMilli())
	return n.stamped
}

// seedList returns the seeds of now.
func (n *Node) seedList() []string {
	if n.o.Seeds == nil {
		return nil
	}
	return slices.Clone(n.o.Seeds.Addresses())
}
