package api

import (
	"fmt"

	"owlcache/engine"
)

// digestJSON is the answer of /admin/cluster/digest.
type digestJSON struct {
	Node    string   `json:"node"`    // id, 16 hexadecimal digits
	Entries int64    `json:"entries"` // with tombstones
	Buckets []string `json:"buckets"` // engine.Buckets of them, each 16 hexadecimal digits
}

// serveDigest serves /admin/cluster/digest: stores of equal digests hold the same.
func (s *Server) serveDigest(x *exchange) {
	store := s.gate.wait()
	if store == nil {
		x.refuse(refusal{status: 503, reason: s.notServing(), retryAfter: 1})
		return
	}
	var digest engine.Digest
	store.Digest(&digest)
	stats := store.Stats()
	answer := digestJSON{Node: fmt.Sprintf("%016x", store.NodeID()), Entries: stats.Keys + stats.Tombstones, Buckets: make([]string, engine.Buckets)}
	for i, v := range digest {
		answer.Buckets[i] = fmt.Sprintf("%016x", v)
	}
	x.answerJSON(answer)
}
