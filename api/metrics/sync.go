package metrics

import (
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"owlcache/api/internal/node"
	"owlcache/api/status"
)

// A peer has series as soon as its node id is known; their number is that of the members.
func newSync(n *node.Node) prometheus.Collector {
	members := Of[int]("owlcache_sync_", "state")
	members.Gauge("members", "Other nodes of the sync group, and seeds that have never answered, by state.", func(n int) float64 { return float64(n) })
	figures, peers := syncFigures(), peerFigures(n)
	return Collector(func(ch chan<- prometheus.Metric) {
		sync := n.Sync()
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
