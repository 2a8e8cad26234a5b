package membership

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/memberlist"

	"owlcache/cluster"
	"owlcache/cluster/gossip/internal/transport"
	"owlcache/cluster/gossip/internal/wire"
)

// Group is this node's place in its group: it listens, looks for the other members, and
// knows who is there. All methods may be called concurrently.
type Group struct {
	o       Options
	log     *slog.Logger
	id, run uint64 // see wire.RunOf
	address string // what others connect to
	keys    *memberlist.Keyring

	count      *transport.Tally
	notices    *transport.Notices
	bridge     *logBridge
	savedIPs   map[netip.Addr]bool // of the members that the file of peers had at the start
	members    *members
	port       *transport.Port
	duplicates *duplicates
	receiver   Receiver // set by Start
	rejoin     *rejoiner
	metSelf    atomic.Uint64 // exchanges with this node itself
	begun      atomic.Int64  // Unix ns at which it last became a member

	ctx  context.Context // of all goroutines
	stop context.CancelFunc

	turn    sync.Mutex // held while a membership begins or ends; taken before mu
	removed atomic.Bool

	mu       sync.Mutex // protects what follows
	wg       sync.WaitGroup
	down     bool                   // no goroutine begins
	ml       *memberlist.Memberlist // nil while this node is no member
	delegate *delegate              // of ml
	removals *removals
	stamped  int64 // Unix ms of the last removal that was sent
}

// New listens. Start or Close it.
func New(o Options) (*Group, error) {
	n := &Group{o: o, log: o.Logger, id: o.ID, run: rand.Uint64(), members: newMembers(), removals: newRemovals(time.Now())}
	var err error
	if n.keys, err = transport.NewKeyring(o.AuthKey, o.AcceptKeys); err != nil {
		return nil, err
	}
	n.savedIPs = ipsOf(o.File.List())
	o.Port.Known = n.knows
	if n.port, err = transport.Listen(o.Port); err != nil {
		return nil, err
	}
	n.count, n.notices, n.address = n.port.Count, n.port.Notices, n.port.Address()
	n.bridge = newLogBridge(n.log, n.count, n.notices, n)
	o.File.SetOwn(n.address)
	n.duplicates = newDuplicates(n.id, n.address, n.log)
	n.rejoin = newRejoiner(n)
	n.ctx, n.stop = context.WithCancel(context.Background())
	return n, nil
}

// Start begins to look for the group; it does not wait until it is found. r is told what
// happens there.
func (n *Group) Start(r Receiver) error {
	n.receiver = r
	n.stillRemoved()
	if err := n.beginLocked(); err != nil {
		return err
	}
	n.goOn(n.tellChanges)
	n.goOn(n.watchDuplicates)
	n.goOn(n.rejoin.run)
	return nil
}

// Close leaves the group, and waits for all that was started. When ctx ends it waits no
// longer for others.
func (n *Group) Close(ctx context.Context) error {
	n.mu.Lock()
	n.down = true
	n.mu.Unlock()
	n.turn.Lock()
	n.endLocked(ctx)
	n.turn.Unlock()
	n.stop()
	n.wg.Wait()
	n.deliver() // that the others are gone now
	return n.port.Close()
}

// goOn runs f in a goroutine that Close waits for, unless Close has begun.
func (n *Group) goOn(f func(context.Context)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.down {
		n.wg.Go(func() { f(n.ctx) })
	}
}

// Address returns what others connect to, IP:PORT.
func (n *Group) Address() string { return n.address }

// current returns memberlist and its delegate, nil while this node is no member.
func (n *Group) current() (*memberlist.Memberlist, *delegate) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.ml, n.delegate
}

// beginLocked begins a membership. n.turn is locked, or nothing else runs yet.
func (n *Group) beginLocked() error {
	d := &delegate{group: n}
	t := n.port.Attach()
	ml, err := memberlist.Create(config(n.o, n.keys, t, d, n.bridge))
	if err != nil {
		return errors.Join(err, t.Shutdown())
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ml, n.delegate = ml, d
	n.begun.Store(time.Now().UnixNano())
	return nil
}

func (n *Group) endLocked(ctx context.Context) {
	ml, d := n.current()
	if ml == nil {
		return
	}
	if !n.duplicates.found() { // it would be the other one that leaves
		n.leave(ctx, ml)
	}
	n.mu.Lock()
	n.ml, n.delegate = nil, nil
	n.mu.Unlock()
	d.over.Store(true)
	_ = ml.Shutdown() // returns nil always; what fails is in its log
	n.members.leaveAll()
}

func (n *Group) leave(ctx context.Context, ml *memberlist.Memberlist) {
	// It says that it goes because it wants to, as far as packets get through.
	msg := wire.AppendHeader(nil, wire.KindLeave, n.id)
	for _, peer := range n.members.alive() {
		if node, ok := n.members.live(peer); ok {
			_ = ml.SendBestEffort(&node, msg)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	deadline, _ := ctx.Deadline()
	// 0 would be for ever.
	if err := ml.Leave(max(time.Until(deadline), time.Millisecond)); err != nil {
		n.log.Debug("leaving the sync group", "error", err)
	}
}

// tellChanges tells the receiver who comes and goes, until ctx ends.
func (n *Group) tellChanges(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.members.changes.wake:
			n.deliver()
		}
	}
}

func (n *Group) deliver() {
	for id, c := range n.members.changes.take() {
		if c.left {
			n.o.File.Gone(id)
			n.receiver.Left(id)
			if !c.joined {
				n.log.Info("a peer of the sync group is gone", "peer", wire.Name(id))
			}
		}
		node, alive := n.members.live(id)
		if c.joined && alive {
			n.o.File.Seen(id, node.Address())
			n.receiver.Joined(id)
			n.log.Info("a peer of the sync group is there", "peer", wire.Name(id), "address", node.Address())
		}
	}
}

// Peers returns the ids of live members, without this node.
func (n *Group) Peers() []uint64 { return n.members.alive() }

// Send sends a message to a live peer. It waits for as long as a stream may take, but not
// until the peer has read the message.
func (n *Group) Send(peer uint64, msg []byte) error {
	node, alive := n.members.live(peer)
	ml, _ := n.current()
	if !alive || ml == nil {
		return transport.ErrDown
	}
	if err := ml.SendReliable(&node, msg); err != nil {
		n.failed(peer, cluster.OneLine(err.Error(), maxLogLine))
		return err
	}
	n.succeeded(peer)
	return nil
}

func (n *Group) joinNow(ctx context.Context, address string) error {
	ml, _ := n.current()
	if ml == nil || ctx.Err() != nil {
		return transport.ErrDown
	}
	_, err := ml.Join([]string{address})
	if err == nil {
		return nil
	}
	if _, reason, ok := strings.Cut(err.Error(), joinFailed+address+": "); ok {
		return errors.New(strings.TrimSpace(reason)) // memberlist makes a list of one
	}
	return err
}

// stamp returns the time of a removal, Unix ms: later than all before.
func (n *Group) stamp() int64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.stamped = max(n.stamped+1, time.Now().UnixMilli())
	return n.stamped
}

func (n *Group) seedList() []string {
	if n.o.Seeds == nil {
		return nil
	}
	return slices.Clone(n.o.Seeds.Members())
}
