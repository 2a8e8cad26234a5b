package replicate

import (
	"log/slog"
	"time"

	"owlcache/cluster/gossip/internal/wire"
	"owlcache/engine"
)

// Store is what data sync needs of the store; *engine.Store has it.
type Store interface {
	NodeID() uint64
	Subscribe(maxBytes int64) *engine.Subscription
	Applied() uint64
	Recovered() engine.Recovered
	LSN() uint64
	Digest(d *engine.Digest)
	Items(dst []engine.Item, ranges []engine.HashRange) []engine.Item
	Entries(hashes []uint64, f func(e *engine.Entry) bool)
	Merge(entries []engine.Entry) (engine.Merged, error)
	Forget(items []engine.Item) (dropped int, err error)
}

// Network is how messages get to the peers.
type Network interface {
	// Send sends a message to a live peer. It may wait for as long as a stream may take;
	// it fails at once when membership has been shut down, also what has begun.
	Send(peer uint64, msg []byte) error
	Peers() []uint64 // alive, without this node
}

// Options of the exchange of data. All but Seen are required.
type Options struct {
	Store      Store
	Seen       []wire.NodeSpan // of other nodes' writes, as it was saved
	Grace      time.Duration   // how long the store keeps tombstones
	QueueBytes int64           // bounds what waits to be pushed to one peer
	InboxBytes int64           // bounds what has arrived and is not merged
	Interval   time.Duration   // the mean time between two comparisons with a peer
	Patience   time.Duration   // for the next message of a peer in a round; later ones are merged all the same
	Logger     *slog.Logger
}
