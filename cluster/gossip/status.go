package gossip

import "time"

// Status is what a node knows of its sync group.
type Status struct {
	Node       string    // node id, 16 hexadecimal digits
	Address    string    // what others connect to
	Synced     bool      // see Node.Synced
	LastMatch  time.Time // with any peer; zero = never since the start
	Removed    bool      // an operator has removed this node from the group
	Peers      []PeerStatus
	InboxBytes int64 // arrived, not yet merged
	Counters   Counters
}

// State of a peer.
type State string

// The states of a peer.
const (
	Alive   State = "alive"
	Suspect State = "suspect" // does not answer; not yet given up
	Gone    State = "gone"    // not reachable; looked for again and again
	Left    State = "left"    // has said that it leaves
)

// PeerStatus is what a node knows of one peer or seed.
type PeerStatus struct {
	Node      string // node id; "" for a seed that has never answered
	Address   string
	State     State
	Since     time.Time     // of the state
	LastMatch time.Time     // zero = never
	Skew      time.Duration // how far its clock is ahead of this one's, roughly
	TCPOnly   bool          // UDP does not get through to it
	Queue     int64         // bytes waiting to be pushed
	Pushed    uint64        // changes
	Dropped   uint64        // changes that a full queue or a failed sending has lost; healed by rounds
	Sent      uint64        // entries sent in answer to lists
	LastError string        // of the last try to reach it; one line
}

// Counters count since the start of the node.
type Counters struct {
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
