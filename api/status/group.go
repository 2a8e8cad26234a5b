package status

import (
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
