package node

import (
	"context"
	"time"

	"owlcache/api/status"
	"owlcache/engine"
)

// Store is what this server needs of *engine.Store.
type Store interface {
	// Get appends the value of key to dst.
	Get(dst, key []byte) ([]byte, engine.Meta, bool)
	// GetUpTo is Get for a value of at most limit bytes; of a larger one it tells only Meta.
	GetUpTo(dst, key []byte, limit int) ([]byte, engine.Meta, bool)
	// Stat returns what is known of key without its value.
	Stat(key []byte) (engine.Meta, bool)
	// Set stores value under key until expires (Unix milliseconds, 0 = never).
	Set(key, value []byte, expires int64) (engine.Meta, error)
	// Expire moves the expiry of key.
	Expire(key []byte, expires int64) (engine.Meta, error)
	// Delete removes key.
	Delete(key []byte) error
	// Commit does ops in order as one submission. Each tells in Err and Meta what has
	// become of it; the error is one that kept all of them from being done.
	Commit(ops []engine.Op) error
	// Health returns the state and, unless Writable, why.
	Health() (engine.State, error)
	// Stats returns the store's figures.
	Stats() engine.Stats

	// NodeID returns the id of this node.
	NodeID() uint64
	// Digest fills d with the digest of all entries.
	Digest(d *engine.Digest)
	// Items appends what tells entries apart whose key hash is in ranges, which are
	// ascending and disjoint; they are ordered by hash.
	Items(dst []engine.Item, ranges []engine.HashRange) []engine.Item
	// Entries calls f with the entries of these key hashes, which are ascending, in that
	// order, until f returns false. f must not call the store.
	Entries(keyHashes []uint64, f func(e *engine.Entry) bool)
}

// Group is what this server needs of the owlcache group.
type Group interface {
	// Query returns what the nodes have under key, the newest first; with a target, what
	// that one has. It returns in time whatever they do.
	Query(ctx context.Context, key []byte, target string) ([]GroupAnswer, GroupReach)
	// Newest appends the newest value under key to dst.
	Newest(ctx context.Context, dst, key []byte, target string) (value []byte, created time.Time, reach GroupReach, ok bool)
	// Status returns what is known of each member, in the order of the list.
	Status() []status.Member
}

// GroupAnswer is what one node has under a key.
type GroupAnswer struct {
	Address string // HOST:PORT as the group lists it
	Value   []byte // not to be changed
	Created time.Time
}

// GroupReach tells how many nodes a question was for, this one among them, and how many
// of these have answered it. That a node has nothing under the key is an answer.
type GroupReach struct{ Members, Answered int }

// Sync is the node's data sync. It may be called concurrently, also when it has ended.
type Sync interface {
	// Status returns what the node knows of its sync group.
	Status() status.Sync
	// Synced tells whether the node has matched a peer since its start, or has nobody to match.
	Synced() bool
}

// Importer looks elsewhere for keys that the store does not hold.
type Importer interface {
	// Import looks for key, stores what it finds and returns it: value, which many may
	// share and nobody may change, and what is known of it. It returns in bounded time,
	// and at once when ctx ends. It is safe for concurrent use and keeps no hold of key.
	Import(ctx context.Context, key []byte) (value []byte, meta engine.Meta, found bool)
	// Status returns what is known of each server that is asked.
	Status() []status.Origin
}

// Import calls the Importer, if there is one, as long as the server runs.
func (n *Node) Import(key []byte) (value []byte, meta engine.Meta, found bool) {
	i := n.Importer.Get()
	if i == nil {
		return nil, engine.Meta{}, false
	}
	return i.Import(n.Running, key)
}
