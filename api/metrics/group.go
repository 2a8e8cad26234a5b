package metrics

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"owlcache/api/internal/node"
	"owlcache/api/status"
	"owlcache/engine"
)

// newGroup leaves out the node itself. A member that leaves the list takes its series along.
func newGroup(n *node.Node, incomplete func() uint64) prometheus.Collector {
	all := Of[uint64]("owlcache_group_")
	all.Counter("incomplete_answers_total", "Answers of the group without those of all nodes that the question was for.", Itself)
	member := memberFigures()
	return Collector(func(ch chan<- prometheus.Metric) {
		group := n.Group()
		if group == nil {
			return
		}
		all.Send(ch, incomplete())
		for _, m := range group.Status() {
			if !m.Self {
				member.Send(ch, &m, strings.ToValidUTF8(m.Address, "?"))
			}
		}
	}, all, member)
}

func memberFigures() *Figures[*status.Member] {
	f := Of[*status.Member]("owlcache_group_member_", "member")
	f.Optional("up", "1 when the member answers, 0 when it is down. Absent while it has not answered yet.", func(m *status.Member) (float64, bool) {
		return OneIf(m.State == "up"), m.State == "up" || m.State == "down"
	})
	f.Optional("last_contact_timestamp_seconds", "Unix time of the member's last answer. Absent while there was none.", func(m *status.Member) (float64, bool) {
		if m.LastContact == nil {
			return 0, false
		}
		return float64(m.LastContact.UnixMilli()) / 1e3, true
	})
	f.Counter("requests_total", "Questions sent to the member.", func(m *status.Member) uint64 { return m.Requests })
	f.Counter("errors_total", "Questions that the member did not answer properly or in time, also those that could not be sent.", func(m *status.Member) uint64 { return m.Errors })
	f.Counter("cache_hits_total", "Questions that an answer kept from before has saved.", func(m *status.Member) uint64 { return m.CacheHits })
	f.Histogram("request_duration_seconds", "Time from a question to the member's answer.", func(m *status.Member) engine.Histogram { return m.Latency.Histogram() })
	return f
}
