package node

import (
	"context"

	"owlcache/api/status"
	"owlcache/engine"
)

// Importer looks elsewhere for keys that the store does not hold.
type Importer interface {
	// Import looks for key, stores what it finds and returns it: value, which many may
	// share and nobody may change, and what is known of it. It returns in bounded time,
	// and at once when ctx ends. It is safe for concurrent use and keeps no hold of key.
	Import(ctx context.Context, key []byte) (value []byte, meta engine.Meta, found bool)
	// Status returns what is known of each server that is asked.
	Status() []status.Origin
}

// Imports tells whether keys that the store does not hold are looked for elsewhere.
func (n *Node) Imports() bool { return n.importer.Load() != nil }

// Import looks elsewhere for a key that the store does not hold. The value is shared:
// nobody may change it. It waits for a bounded time, and no longer than the server runs.
func (n *Node) Import(key []byte) (value []byte, meta engine.Meta, found bool) {
	i := n.Importer()
	if i == nil {
		return nil, engine.Meta{}, false
	}
	return i.Import(n.running, key)
}
