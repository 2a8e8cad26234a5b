package node

import (
	"context"
	"time"

	"owlcache/api/status"
)

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

// Sync is what this server needs of the node's data sync. Its methods may be called
// concurrently, also when data sync has ended.
type Sync interface {
	// Status returns what the node knows of its sync group.
	Status() status.Sync
	// Synced tells whether the node has matched a peer since its start, or has nobody to
	// match with.
	Synced() bool
}
