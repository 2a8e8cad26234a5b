package admin

import (
	"fmt"

	"owlcache/api/internal/exchange"
	"owlcache/api/internal/node"
	"owlcache/api/status"
	"owlcache/engine"
)

// ServeDigest serves /admin/cluster/digest: stores of equal digests hold the same.
func (s *Server) ServeDigest(x *exchange.Exchange, store node.Store) {
	var digest engine.Digest
	store.Digest(&digest)
	stats := store.Stats()
	answer := status.Digest{Node: fmt.Sprintf("%016x", store.NodeID()), Entries: stats.Keys + stats.Tombstones, Buckets: make([]string, engine.Buckets)}
	for i, v := range digest {
		answer.Buckets[i] = fmt.Sprintf("%016x", v)
	}
	x.JSON(answer)
}
