package node

import "owlcache/engine"

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
