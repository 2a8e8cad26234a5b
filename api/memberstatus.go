package api

import (
	"time"

	"owlcache/engine"
)

// MemberStatus is what is known of a member of the owlcache group.
type MemberStatus struct {
	Address     string // HOST:PORT
	Self        bool   // it is this node
	State       string // "up", "down" or "unknown": not asked yet
	LastContact time.Time
	LastError   string           // why it is down
	Requests    uint64           // questions sent
	Errors      uint64           // of these, without an answer
	CacheHits   uint64           // questions that needed no request
	Latency     engine.Histogram // seconds, of answers
}
