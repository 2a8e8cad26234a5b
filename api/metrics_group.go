package api

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// groupCollector shows what is known of the members of the group, without the node
// itself. A member that leaves the list takes its series along.
type groupCollector struct {
	srv *Server

	incomplete                                    *prometheus.Desc
	up, contact, requests, errors, hits, duration *prometheus.Desc
}

func newGroupCollector(s *Server) *groupCollector {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, []string{"member"}, nil)
	}
	return &groupCollector{
		srv: s,
		incomplete: prometheus.NewDesc("owlcache_group_incomplete_answers_total",
			"Answers of the group without those of all nodes that the question was for.", nil, nil),
		up: desc("owlcache_group_member_up",
			"1 when the member answers, 0 when it is down. Absent while it has not answered yet."),
		contact: desc("owlcache_group_member_last_contact_timestamp_seconds",
			"Unix time of the member's last answer. Absent while there was none."),
		requests: desc("owlcache_group_member_requests_total", "Questions sent to the member."),
		errors:   desc("owlcache_group_member_errors_total", "Questions that the member did not answer properly or in time, also those that could not be sent."),
		hits:     desc("owlcache_group_member_cache_hits_total", "Questions that an answer kept from before has saved."),
		duration: desc("owlcache_group_member_request_duration_seconds", "Time from a question to the member's answer."),
	}
}

func (c *groupCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.incomplete, c.up, c.contact, c.requests, c.errors, c.hits, c.duration} {
		ch <- d
	}
}

func (c *groupCollector) Collect(ch chan<- prometheus.Metric) {
	if c.srv.group.Load() == nil {
		return
	}
	ch <- prometheus.MustNewConstMetric(c.incomplete, prometheus.CounterValue, float64(c.srv.incomplete.Load()))
	for _, m := range c.srv.groupMembers() {
		if !m.Self {
			c.collectMember(ch, &m)
		}
	}
}

func (c *groupCollector) collectMember(ch chan<- prometheus.Metric, m *MemberStatus) {
	label := strings.ToValidUTF8(m.Address, "?")
	switch m.State {
	case "up":
		ch <- prometheus.MustNewConstMetric(c.up, prometheus.GaugeValue, 1, label)
	case "down":
		ch <- prometheus.MustNewConstMetric(c.up, prometheus.GaugeValue, 0, label)
	}
	if !m.LastContact.IsZero() {
		ch <- prometheus.MustNewConstMetric(c.contact, prometheus.GaugeValue, float64(m.LastContact.UnixMilli())/1e3, label)
	}
	ch <- prometheus.MustNewConstMetric(c.requests, prometheus.CounterValue, float64(m.Requests), label)
	ch <- prometheus.MustNewConstMetric(c.errors, prometheus.CounterValue, float64(m.Errors), label)
	ch <- prometheus.MustNewConstMetric(c.hits, prometheus.CounterValue, float64(m.CacheHits), label)
	ch <- histogramOf(c.duration, m.Latency, label)
}
