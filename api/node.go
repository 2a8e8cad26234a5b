package api

import "owlcache/api/internal/node"

// What a server needs of the rest of the node.
type (
	// Store is the engine's.
	Store = node.Store
	// Importer looks elsewhere for keys that the store does not hold.
	Importer = node.Importer
	// Group is the owlcache group.
	Group = node.Group
	// GroupAnswer is what one node has under a key.
	GroupAnswer = node.GroupAnswer
	// GroupReach tells how many nodes a question was for, and how many have answered it.
	GroupReach = node.GroupReach
	// Sync is the node's data sync.
	Sync = node.Sync
)
