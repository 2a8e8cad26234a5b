package gossip

import (
	"context"
	"time"
)

// core is the sync core (syncer), as membership calls it. No method but drain and close
// waits for long.
type core interface {
	receive(msg []byte)        // a message of a peer; the callee owns it
	localState() []byte        // for memberlist's push/pull
	mergeState(buf []byte)     // the peer's; the callee owns it
	joined(peer uint64)        // alive (again)
	left(peer uint64)          // not alive any more
	doubted(peer uint64)       // did not answer for a while, and does again
	drain(ctx context.Context) // no more events; sends the writes that are queued
	close()                    // stops and waits; call it when sending fails at once

	versions() savedVector // to be saved: what has been seen of each node

	figures(peer uint64) peerFigures
	totals() Counters
	matched() time.Time // the last agreement with any peer; zero = none since the start
	waiting() int64     // bytes that have arrived and are not merged
}

// network is membership, as the sync core calls it.
type network interface {
	// send sends a message to a live peer. It may wait for as long as a stream may take;
	// it fails at once when membership has been shut down, also what has begun.
	send(peer uint64, msg []byte) error
	peers() []uint64 // alive, without this node
}
