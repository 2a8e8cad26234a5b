package membership

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"time"

	"owlcache/cluster"
	"owlcache/cluster/gossip/internal/wire"
)

// duplicates finds other nodes that have the id of this one, as after copying a data
// directory. A group cannot tell them apart, so somebody has to end it.
//
// That members know this node under another address means nothing yet: it may have had it
// before it was restarted. So the address is asked.
type duplicates struct {
	id  uint64
	own string // address of this node
	log *slog.Logger
	ask chan struct{}

	mu      sync.Mutex // protects what follows
	address string     // the last one under which others know this node
	at      time.Time  // when that was heard of
	told    bool
}

func newDuplicates(id uint64, own string, log *slog.Logger) *duplicates {
	return &duplicates{id: id, own: own, log: log, ask: make(chan struct{}, 1)}
}

// seen notes that some member knows this node under another address.
func (t *duplicates) seen(address string) {
	t.mu.Lock()
	t.address, t.at = address, time.Now()
	t.mu.Unlock()
	signal(t.ask)
}

// recent tells whether a member has known this node under another address of late.
func (t *duplicates) recent(within time.Duration) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.at.IsZero() && time.Since(t.at) < within
}

func (t *duplicates) other() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.address
}

func (t *duplicates) found() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.told
}

// met logs, once, that another node with this id has been talked to.
func (t *duplicates) met() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.told || t.address == "" { // without it the message would be of no use: it comes soon
		return
	}
	t.told = true
	t.log.Error("two nodes have the same id, as after copying a data directory: stop one of them, and give the copy an id of its own "+
		"(\"owlcache backup\", then \"owlcache restore --new-node\")", "node", wire.Name(t.id), "address", t.own, "other", t.address)
}

const askEvery = 2 * time.Second // at most

// watchDuplicates asks other addresses that this node is known under, until ctx ends.
func (n *Group) watchDuplicates(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.duplicates.ask:
			n.askDuplicate(n.duplicates.other())
		}
		if !cluster.Pause(ctx, askEvery) {
			return
		}
	}
}

// askDuplicate probes an address for a node with our name. The answer may be our own, where
// the address still leads to this node: then a probe was answered here meanwhile.
func (n *Group) askDuplicate(address string) {
	udp, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		return
	}
	ml, d := n.current()
	if ml == nil {
		return
	}
	acks := d.acks.Load()
	if _, err := ml.Ping(wire.Name(n.id), udp); err == nil && d.acks.Load() == acks {
		n.duplicates.met()
	}
}
