package api

import (
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// syncFigure is one figure of SyncStatus.
type syncFigure struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(*SyncStatus) float64
}

// syncPeerFigure is one figure of SyncPeer. Without ok there is none.
type syncPeerFigure struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(*SyncPeer) (v float64, ok bool)
}

// syncCollector shows data sync, if it is on. A peer has series as soon as its node id
// is known; their number is that of the members.
type syncCollector struct {
	srv     *Server
	members *prometheus.Desc
	figures []syncFigure
	peers   []syncPeerFigure
}

func newSyncCollector(s *Server) *syncCollector {
	return &syncCollector{
		srv: s,
		members: prometheus.NewDesc("owlcache_sync_members",
			"Other nodes of the sync group, and seeds that have never answered, by state.", []string{"state"}, nil),
		figures: syncFigures(),
		peers:   syncPeerFigures(s),
	}
}

func syncFigures() []syncFigure {
	gauge := func(name, help string, value func(*SyncStatus) float64) syncFigure {
		return syncFigure{prometheus.NewDesc("owlcache_sync_"+name, help, nil, nil), prometheus.GaugeValue, value}
	}
	counter := func(name, help string, value func(*SyncCounters) uint64, labels ...string) syncFigure {
		var constant prometheus.Labels
		if len(labels) > 0 {
			constant = prometheus.Labels{labels[0]: labels[1]}
		}
		return syncFigure{prometheus.NewDesc("owlcache_sync_"+name, help, nil, constant), prometheus.CounterValue,
			func(st *SyncStatus) float64 { return float64(value(&st.Counters)) }}
	}
	const refused, compared = "Entries of other nodes that were refused, by reason.", "Comparisons of digests, by result."
	return []syncFigure{
		gauge("synced", "1 when the node has matched a peer since its start, or has nobody to match with.", func(st *SyncStatus) float64 { return oneIf(st.Synced) }),
		gauge("removed", "1 when an operator has removed this node from the sync group.", func(st *SyncStatus) float64 { return oneIf(st.Removed) }),
		gauge("inbox_bytes", "Bytes that have arrived and are not yet merged.", func(st *SyncStatus) float64 { return float64(st.InboxBytes) }),
		counter("received_total", "Entries that have arrived.", func(c *SyncCounters) uint64 { return c.Received }),
		counter("merged_total", "Entries of other nodes that were taken over.", func(c *SyncCounters) uint64 { return c.Merged }),
		counter("healed_total", "Entries of these that a round has brought.", func(c *SyncCounters) uint64 { return c.Healed }),
		counter("stale_total", "Entries that arrived and were not newer than what was here.", func(c *SyncCounters) uint64 { return c.Stale }),
		counter("refused_total", refused, func(c *SyncCounters) uint64 { return c.Skewed }, "reason", "skew"),
		counter("refused_total", refused, func(c *SyncCounters) uint64 { return c.Invalid }, "reason", "invalid"),
		counter("overflow_total", "Messages dropped because the inbox was full.", func(c *SyncCounters) uint64 { return c.Overflow }),
		counter("forgotten_total", "Entries dropped here because the group had deleted them while this node was away.", func(c *SyncCounters) uint64 { return c.Forgotten }),
		counter("rounds_total", "Rounds begun.", func(c *SyncCounters) uint64 { return c.Rounds }),
		counter("rounds_aborted_total", "Rounds given up before their end.", func(c *SyncCounters) uint64 { return c.Aborted }),
		counter("comparisons_total", compared, func(c *SyncCounters) uint64 { return c.Matches }, "result", "match"),
		counter("comparisons_total", compared, func(c *SyncCounters) uint64 { return c.Differs }, "result", "differ"),
		counter("bad_frames_total", "Frames with another key or label, or garbled.", func(c *SyncCounters) uint64 { return c.BadFrames }),
		counter("bad_messages_total", "Authentic frames that made no sense.", func(c *SyncCounters) uint64 { return c.BadMessages }),
		counter("refused_connections_total", "Connections over the limit.", func(c *SyncCounters) uint64 { return c.Refused }),
	}
}

func syncPeerFigures(s *Server) []syncPeerFigure {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("owlcache_sync_peer_"+name, help, []string{"peer"}, nil)
	}
	gauge := func(name, help string, value func(*SyncPeer) float64) syncPeerFigure {
		return syncPeerFigure{desc(name, help), prometheus.GaugeValue, func(p *SyncPeer) (float64, bool) { return value(p), true }}
	}
	counter := func(name, help string, value func(*SyncPeer) uint64) syncPeerFigure {
		return syncPeerFigure{desc(name, help), prometheus.CounterValue, func(p *SyncPeer) (float64, bool) { return float64(value(p)), true }}
	}
	age := func(p *SyncPeer) (float64, bool) {
		return max(0, s.now().Sub(p.LastMatch).Seconds()), !p.LastMatch.IsZero()
	}
	return []syncPeerFigure{
		gauge("queue_bytes", "Bytes that wait to be pushed to the peer.", func(p *SyncPeer) float64 { return float64(p.Queue) }),
		gauge("clock_skew_seconds", "How far the peer's clock is ahead of this one's, roughly.", func(p *SyncPeer) float64 { return float64(p.Skew) / float64(time.Second) }),
		gauge("tcp_only", "1 when UDP does not get through to the peer.", func(p *SyncPeer) float64 { return oneIf(p.TCPOnly) }),
		counter("pushed_total", "Changes pushed to the peer.", func(p *SyncPeer) uint64 { return p.Pushed }),
		counter("dropped_total", "Changes that could not be pushed to the peer; a round brings them.", func(p *SyncPeer) uint64 { return p.Dropped }),
		counter("sent_total", "Entries sent to the peer by rounds.", func(p *SyncPeer) uint64 { return p.Sent }),
		{desc("match_age_seconds", "Time since this node's digest last matched the peer's. Absent while it never has."), prometheus.GaugeValue, age},
	}
}

func (c *syncCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- c.members
	for i := range c.figures {
		ch <- c.figures[i].desc
	}
	for i := range c.peers {
		ch <- c.peers[i].desc
	}
}

func (c *syncCollector) Collect(ch chan<- prometheus.Metric) {
	sync := c.srv.dataSync()
	if sync == nil {
		return
	}
	st := sync.Status()
	for i := range c.figures {
		f := &c.figures[i]
		ch <- prometheus.MustNewConstMetric(f.desc, f.kind, f.value(&st))
	}
	members := map[string]int{}
	for i := range st.Peers {
		members[st.Peers[i].State]++
		c.collectPeer(ch, &st.Peers[i])
	}
	for _, state := range []string{"alive", "suspect", "gone", "left"} {
		ch <- prometheus.MustNewConstMetric(c.members, prometheus.GaugeValue, float64(members[state]), state)
	}
}

func (c *syncCollector) collectPeer(ch chan<- prometheus.Metric, p *SyncPeer) {
	if p.Node == "" {
		return
	}
	label := strings.ToValidUTF8(p.Node, "?")
	for i := range c.peers {
		if v, ok := c.peers[i].value(p); ok {
			ch <- prometheus.MustNewConstMetric(c.peers[i].desc, c.peers[i].kind, v, label)
		}
	}
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
