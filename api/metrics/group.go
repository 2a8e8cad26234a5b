package metrics

import (
	"strings"
	"time"

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
		group := n.Group.Get()
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

func newOrigins(n *node.Node) prometheus.Collector {
	f := originFigures()
	return Collector(func(ch chan<- prometheus.Metric) {
		importer := n.Importer.Get()
		if importer == nil {
			return
		}
		for _, o := range importer.Status() {
			f.Send(ch, &o, o.Source, strings.ToValidUTF8(o.Server, "?"))
		}
	}, f)
}

func originFigures() *Figures[*status.Origin] {
	const (
		requests = "Missing keys that the server was to be asked for, by what came of it."
		values   = "Values that the server had, by whether they were stored or only answered."
	)
	f := Of[*status.Origin]("owlcache_origin_", "source", "server")
	f.Gauge("up", "1 while the server is asked for missing keys, 0 while it is left alone after failures.", func(o *status.Origin) float64 { return OneIf(o.Up) })
	f.Histogram("request_duration_seconds", "Time from a question to the server's answer, or to the end of the patience.", func(o *status.Origin) engine.Histogram { return o.Latency })
	f.Counter("requests_total", requests, func(o *status.Origin) uint64 { return o.Hits }, "result", "hit")
	f.Counter("requests_total", requests, func(o *status.Origin) uint64 { return o.Misses }, "result", "miss")
	f.Counter("requests_total", requests, func(o *status.Origin) uint64 { return o.Errors }, "result", "error")
	f.Counter("requests_total", requests, func(o *status.Origin) uint64 { return o.TooLarge }, "result", "too_large")
	f.Counter("requests_total", requests, func(o *status.Origin) uint64 { return o.Skipped }, "result", "skipped")
	f.Counter("values_total", values, func(o *status.Origin) uint64 { return o.Stored }, "stored", "yes")
	f.Counter("values_total", values, func(o *status.Origin) uint64 { return o.Unstored }, "stored", "no")
	return f
}

// A peer has series as soon as its node id is known; their number is that of the members.
func newSync(n *node.Node) prometheus.Collector {
	members := Of[int]("owlcache_sync_", "state")
	members.Gauge("members", "Other nodes of the sync group, and seeds that have never answered, by state.", func(n int) float64 { return float64(n) })
	figures, peers := syncFigures(), peerFigures(n)
	return Collector(func(ch chan<- prometheus.Metric) {
		sync := n.Sync.Get()
		if sync == nil {
			return
		}
		st := sync.Status()
		figures.Send(ch, &st)
		count := map[string]int{}
		for i := range st.Peers {
			p := &st.Peers[i]
			count[p.State]++
			if p.Node != "" {
				peers.Send(ch, p, strings.ToValidUTF8(p.Node, "?"))
			}
		}
		for _, state := range []string{"alive", "suspect", "gone", "left"} {
			members.Send(ch, count[state], state)
		}
	}, members, figures, peers)
}

func syncFigures() *Figures[*status.Sync] {
	const refused, compared = "Entries of other nodes that were refused, by reason.", "Comparisons of digests, by result."
	f := Of[*status.Sync]("owlcache_sync_")
	f.Gauge("synced", "1 when the node has matched a peer since its start, or has nobody to match with.", func(s *status.Sync) float64 { return OneIf(s.Synced) })
	f.Gauge("removed", "1 when an operator has removed this node from the sync group.", func(s *status.Sync) float64 { return OneIf(s.Removed) })
	f.Gauge("inbox_bytes", "Bytes that have arrived and are not yet merged.", func(s *status.Sync) float64 { return float64(s.InboxBytes) })
	f.Counter("received_total", "Entries that have arrived.", func(s *status.Sync) uint64 { return s.Counters.Received })
	f.Counter("merged_total", "Entries of other nodes that were taken over.", func(s *status.Sync) uint64 { return s.Counters.Merged })
	f.Counter("healed_total", "Entries of these that a round has brought.", func(s *status.Sync) uint64 { return s.Counters.Healed })
	f.Counter("stale_total", "Entries that arrived and were not newer than what was here.", func(s *status.Sync) uint64 { return s.Counters.Stale })
	f.Counter("refused_total", refused, func(s *status.Sync) uint64 { return s.Counters.Skewed }, "reason", "skew")
	f.Counter("refused_total", refused, func(s *status.Sync) uint64 { return s.Counters.Invalid }, "reason", "invalid")
	f.Counter("overflow_total", "Messages dropped because the inbox was full.", func(s *status.Sync) uint64 { return s.Counters.Overflow })
	f.Counter("forgotten_total", "Entries dropped here because the group had deleted them while this node was away.", func(s *status.Sync) uint64 { return s.Counters.Forgotten })
	f.Counter("rounds_total", "Rounds begun.", func(s *status.Sync) uint64 { return s.Counters.Rounds })
	f.Counter("rounds_aborted_total", "Rounds given up before their end.", func(s *status.Sync) uint64 { return s.Counters.Aborted })
	f.Counter("comparisons_total", compared, func(s *status.Sync) uint64 { return s.Counters.Matches }, "result", "match")
	f.Counter("comparisons_total", compared, func(s *status.Sync) uint64 { return s.Counters.Differs }, "result", "differ")
	f.Counter("bad_frames_total", "Frames with another key or label, or garbled.", func(s *status.Sync) uint64 { return s.Counters.BadFrames })
	f.Counter("bad_messages_total", "Authentic frames that made no sense.", func(s *status.Sync) uint64 { return s.Counters.BadMessages })
	f.Counter("refused_connections_total", "Connections over the limit.", func(s *status.Sync) uint64 { return s.Counters.Refused })
	return f
}

func peerFigures(n *node.Node) *Figures[*status.Peer] {
	f := Of[*status.Peer]("owlcache_sync_peer_", "peer")
	f.Gauge("queue_bytes", "Bytes that wait to be pushed to the peer.", func(p *status.Peer) float64 { return float64(p.QueueBytes) })
	f.Gauge("clock_skew_seconds", "How far the peer's clock is ahead of this one's, roughly.", func(p *status.Peer) float64 { return time.Duration(p.Skew).Seconds() })
	f.Gauge("tcp_only", "1 when UDP does not get through to the peer.", func(p *status.Peer) float64 { return OneIf(p.TCPOnly) })
	f.Counter("pushed_total", "Changes pushed to the peer.", func(p *status.Peer) uint64 { return p.Pushed })
	f.Counter("dropped_total", "Changes that could not be pushed to the peer; a round brings them.", func(p *status.Peer) uint64 { return p.Dropped })
	f.Counter("sent_total", "Entries sent to the peer by rounds.", func(p *status.Peer) uint64 { return p.Sent })
	f.Optional("match_age_seconds", "Time since this node's digest last matched the peer's. Absent while it never has.", func(p *status.Peer) (float64, bool) {
		if p.LastMatch == nil {
			return 0, false
		}
		return max(0, n.Now().Sub(*p.LastMatch).Seconds()), true
	})
	return f
}
