package api

import (
	"time"

	"owlcache/engine"
)

// MemberStatus is what is known of a member of the owlcache group.
type MemberStatus struct {
	Address     string // HOST:PORT
	Self        bool   // it is this node
	State       string // "up", "down" or "unknown": has not answered yet
	LastContact time.Time
	LastError   string           // of the last question that failed since it answered
	Requests    uint64           // questions sent
	Errors      uint64           // without a proper answer, also what could not be sent
	CacheHits   uint64           // questions that needed no request
	Latency     engine.Histogram // seconds, of answers
}
