package status

import (
	"encoding/json"
	"time"

	"owlcache/engine"
)

// Groups is what a node knows of both groups, as /admin/group answers it.
type Groups struct {
	Mode     string   `json:"mode"` // how the members of the owlcache group are asked
	Owlcache []Member `json:"owlcache"`
	Gossip   []string `json:"gossip"` // HOST:PORT
}

// Member is what is known of a member of the owlcache group.
type Member struct {
	Address     string     `json:"address"` // HOST:PORT
	Self        bool       `json:"self"`    // it is this node
	State       string     `json:"state"`   // "up", "down" or "unknown": has not answered yet
	LastContact *time.Time `json:"last_contact"`
	LastError   string     `json:"last_error,omitzero"` // of the last question that failed since it answered
	Requests    uint64     `json:"requests"`            // questions sent
	Errors      uint64     `json:"errors"`              // without a proper answer, also what could not be sent
	CacheHits   uint64     `json:"cache_hits"`          // questions that needed no request
	Latency     Latency    `json:"latency"`             // of answers
}

// Latency is a histogram: Counts[i] took at most Bounds[i] seconds and more than the bound
// before; the last count is those above all bounds.
type Latency struct {
	Count   uint64    `json:"count"`
	Seconds float64   `json:"seconds"` // of all together
	Bounds  []float64 `json:"bounds"`
	Counts  []uint64  `json:"counts"`
}

// LatencyOf returns the JSON of h.
func LatencyOf(h engine.Histogram) Latency {
	l := Latency{Seconds: h.Sum, Bounds: append([]float64{}, h.Bounds...), Counts: append([]uint64{}, h.Counts...)}
	for _, n := range l.Counts {
		l.Count += n
	}
	return l
}

// Histogram returns the histogram that l is made of.
func (l Latency) Histogram() engine.Histogram {
	return engine.Histogram{Bounds: l.Bounds, Counts: l.Counts, Sum: l.Seconds}
}

// At returns t in UTC, nil for never.
func At(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// Origin is what is known of a server that missing keys are imported from.
type Origin struct {
	Source   string           // "memcached" or "redis"
	Server   string           // HOST:PORT
	Up       bool             // false: it has failed and is left alone for a while
	Hits     uint64           // questions that it had a value for
	Misses   uint64           // questions that it had none for
	Errors   uint64           // questions that it did not answer properly or in time
	TooLarge uint64           // questions that it had a value for which is larger than may be stored
	Skipped  uint64           // questions that were not sent: it is left alone, or has too many already
	Stored   uint64           // values that were stored
	Unstored uint64           // values that were answered and could not be stored
	Latency  engine.Histogram // seconds, of the questions that were sent
}

// Sync is what a node knows of its sync group, as /admin/cluster answers it.
type Sync struct {
	DataSync   bool       `json:"data_sync"` // true; where data sync is off there is no other field
	Node       string     `json:"node"`      // node id, 16 hexadecimal digits
	Address    string     `json:"address"`   // what others connect to
	Synced     bool       `json:"synced"`
	LastMatch  *time.Time `json:"last_match"`  // with any peer, since the start
	Removed    bool       `json:"removed"`     // an operator has removed this node from the group
	InboxBytes int64      `json:"inbox_bytes"` // arrived, not yet merged
	Peers      []Peer     `json:"peers"`       // never nil
	Counters   Counters   `json:"counters"`
}

// Peer is what a node knows of one peer or seed.
type Peer struct {
	Node       string     `json:"node"` // node id; "" for a seed that has never answered
	Address    string     `json:"address"`
	State      string     `json:"state"` // alive, suspect, gone or left
	Since      *time.Time `json:"since"`
	LastMatch  *time.Time `json:"last_match"`
	Skew       Millis     `json:"skew_ms"`     // how far its clock is ahead of this one's
	TCPOnly    bool       `json:"tcp_only"`    // UDP does not get through to it
	QueueBytes int64      `json:"queue_bytes"` // waiting to be pushed
	Pushed     uint64     `json:"pushed"`      // changes
	Dropped    uint64     `json:"dropped"`     // changes that could not be pushed
	Sent       uint64     `json:"sent"`        // entries sent in answer to lists
	LastError  string     `json:"last_error,omitzero"`
}

// Counters count since the start of the node.
type Counters struct {
	Received  uint64 `json:"received"`  // entries that have arrived
	Merged    uint64 `json:"merged"`    // of these, taken over
	Healed    uint64 `json:"healed"`    // of these, by a round
	Stale     uint64 `json:"stale"`     // arrived, but not newer than what was here
	Skewed    uint64 `json:"skewed"`    // refused: their clock is ahead
	Invalid   uint64 `json:"invalid"`   // refused: malformed, or too large here
	Overflow  uint64 `json:"overflow"`  // messages dropped because the inbox was full
	Forgotten uint64 `json:"forgotten"` // entries dropped here because the group had deleted them

	Rounds  uint64 `json:"rounds"`  // begun
	Aborted uint64 `json:"aborted"` // given up before their end
	Matches uint64 `json:"matches"` // comparisons that found equal digests
	Differs uint64 `json:"differs"` // comparisons that found different ones

	BadFrames   uint64 `json:"bad_frames"`   // frames with another key or label, or garbled
	BadMessages uint64 `json:"bad_messages"` // authentic frames that make no sense here
	Refused     uint64 `json:"refused"`      // connections over the limit
}

// Digest is the answer of /admin/cluster/digest.
type Digest struct {
	Node    string   `json:"node"`    // id, 16 hexadecimal digits
	Entries int64    `json:"entries"` // with tombstones
	Buckets []string `json:"buckets"` // engine.Buckets of them, each 16 hexadecimal digits
}

// Millis is a duration that is a whole number of milliseconds in JSON.
type Millis time.Duration

// MarshalJSON implements json.Marshaler.
func (m Millis) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(m).Milliseconds()) }

// UnmarshalJSON implements json.Unmarshaler.
func (m *Millis) UnmarshalJSON(b []byte) error {
	var n int64
	err := json.Unmarshal(b, &n)
	*m = Millis(time.Duration(n) * time.Millisecond)
	return err
}
