package api

import "time"

// Sync is what this package needs of the node's data sync. Its methods may be called
// concurrently, also when data sync has ended.
type Sync interface {
	// Status returns what the node knows of its sync group.
	Status() SyncStatus
	// Synced tells whether the node has matched a peer since its start, or has nobody to
	// match with.
	Synced() bool
}

// SyncStatus is what a node knows of its sync group. The zero time stands for never.
type SyncStatus struct {
	Node       string // node id, 16 hexadecimal digits
	Address    string // what others connect to
	Synced     bool
	LastMatch  time.Time // with any peer, since the start
	Removed    bool      // an operator has removed this node from the group
	Peers      []SyncPeer
	InboxBytes int64 // arrived, not yet merged
	Counters   SyncCounters
}

// SyncPeer is what a node knows of one peer or seed.
type SyncPeer struct {
	Node      string // node id; "" for a seed that has never answered
	Address   string
	State     string // alive, suspect, gone or left
	Since     time.Time
	LastMatch time.Time
	Skew      time.Duration // how far its clock is ahead of this one's
	TCPOnly   bool          // UDP does not get through to it
	Queue     int64         // bytes waiting to be pushed
	Pushed    uint64        // changes
	Dropped   uint64        // changes that could not be pushed
	Sent      uint64        // entries sent in answer to lists
	LastError string        // one line
}

// SyncCounters count since the start of the node.
type SyncCounters struct {
	Received  uint64 // entries that have arrived
	Merged    uint64 // of these, taken over
	Healed    uint64 // of these, by a round
	Stale     uint64 // arrived, but not newer than what was here
	Skewed    uint64 // refused: their clock is ahead
	Invalid   uint64 // refused: malformed, or too large here
	Overflow  uint64 // messages dropped because the inbox was full
	Forgotten uint64 // entries dropped here because the group had deleted them

	Rounds  uint64 // begun
	Aborted uint64 // given up before their end
	Matches uint64 // comparisons that found equal digests
	Differs uint64 // comparisons that found different ones

	BadFrames   uint64 // frames with another key or label, or garbled
	BadMessages uint64 // authentic frames that make no sense here
	Refused     uint64 // connections over the limit
}

// SetSync tells the server of the node's data sync. It must be called before Ready, and
// not at all if data sync is off.
func (s *Server) SetSync(sync Sync) { s.sync.Store(&sync) }

// dataSync returns the data sync, nil if it is off.
func (s *Server) dataSync() Sync {
	if p := s.sync.Load(); p != nil {
		return *p
	}
	return nil
}
