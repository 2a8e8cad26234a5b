package api

import (
	"time"

	"owlcache/engine"
)

// groupJSON is the answer of /admin/group.
type groupJSON struct {
	Mode     string       `json:"mode"`
	Owlcache []memberJSON `json:"owlcache"`
	Gossip   []string     `json:"gossip"`
}

type memberJSON struct {
	Address     string      `json:"address"`
	Self        bool        `json:"self"`
	State       string      `json:"state"`
	LastContact *time.Time  `json:"last_contact"` // null: none yet
	LastError   string      `json:"last_error,omitempty"`
	Requests    uint64      `json:"requests"`
	Errors      uint64      `json:"errors"`
	CacheHits   uint64      `json:"cache_hits"`
	Latency     latencyJSON `json:"latency"`
}

// latencyJSON is a histogram: of the answers, counts[i] took at most bounds[i] seconds
// and more than the bound before; the last count is those above all bounds.
type latencyJSON struct {
	Count   uint64    `json:"count"`
	Seconds float64   `json:"seconds"` // of all answers together
	Bounds  []float64 `json:"bounds"`
	Counts  []uint64  `json:"counts"`
}

// serveAdminGroup serves /admin/group.
func (s *Server) serveAdminGroup(x *exchange) {
	if s.gate.wait() == nil {
		x.refuse(refusal{status: 503, reason: s.notServing(), retryAfter: 1})
		return
	}
	answer := groupJSON{Mode: s.opts.GroupMode, Owlcache: []memberJSON{}, Gossip: []string{}}
	for _, m := range s.groupMembers() {
		answer.Owlcache = append(answer.Owlcache, m.json())
	}
	if s.opts.Gossip != nil {
		answer.Gossip = append(answer.Gossip, s.opts.Gossip.Members()...)
	}
	x.answerJSON(answer)
}

func (m *MemberStatus) json() memberJSON {
	return memberJSON{
		Address: m.Address, Self: m.Self, State: m.State, LastContact: utcOrNil(m.LastContact), LastError: m.LastError,
		Requests: m.Requests, Errors: m.Errors, CacheHits: m.CacheHits, Latency: latencyOf(m.Latency),
	}
}

func latencyOf(h engine.Histogram) latencyJSON {
	j := latencyJSON{Seconds: h.Sum, Bounds: append([]float64{}, h.Bounds...), Counts: append([]uint64{}, h.Counts...)}
	for _, n := range j.Counts {
		j.Count += n
	}
	return j
}
