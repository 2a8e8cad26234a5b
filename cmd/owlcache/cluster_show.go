package main

import (
	"bufio"
	"fmt"
	"time"

	"github.com/dustin/go-humanize"
)

// printMembers writes a table with the node itself first.
func (s *clusterState) printMembers(b *bufio.Writer, now time.Time) {
	t := newTable(b, column{title: "NODE"}, column{title: "ADDRESS"}, column{title: "STATE"}, column{title: "SINCE"}, column{title: "MATCH"},
		column{title: "SKEW", right: true}, column{title: "QUEUE", right: true}, column{title: "DROPPED", right: true}, column{title: "NOTE"})
	note := "-"
	if s.Removed {
		note = "removed from the group by an operator"
	}
	t.row(shownText(s.Node), shownText(s.Address), "this node", "-", shownAgo(s.LastMatch, now), "-", "-", "-", note)
	for i := range s.Peers {
		t.row(s.Peers[i].cells(now)...)
	}
	t.end()
}

func (p *clusterPeer) cells(now time.Time) []string {
	note := ""
	if p.TCPOnly {
		note = "UDP does not get through"
	}
	if p.LastError != "" && p.State != "alive" {
		if note != "" {
			note += "; "
		}
		note += shownText(p.LastError)
	}
	skew := "-"
	if p.LastMatch != nil || p.SkewMillis != 0 {
		skew = (time.Duration(p.SkewMillis) * time.Millisecond).String()
	}
	return []string{
		orDash(shownText(p.Node)), shownText(p.Address), shownText(p.State), shownAgo(p.Since, now), shownAgo(p.LastMatch, now),
		skew, shownBytes(p.QueueBytes), commas(p.Dropped), orDash(note),
	}
}

// shownAgo renders how long ago something was.
func shownAgo(at *time.Time, now time.Time) string {
	if at == nil {
		return "never"
	}
	return shownSpan(max(0, now.Sub(*at))) + " ago"
}

func commas(n uint64) string { return humanize.Comma(int64(min(n, 1<<62))) }

// printStatus writes a line for each thing that can be wrong.
func (s *clusterState) printStatus(b *bufio.Writer, now time.Time) {
	line := func(name, format string, args ...any) {
		_, _ = fmt.Fprintf(b, "%-10s%s\n", name, fmt.Sprintf(format, args...))
	}
	line("node", "%s at %s", shownText(s.Node), shownText(s.Address))
	if s.Removed {
		line("removed", "from the group by an operator: it looks for nobody until it is added again")
	}
	synced := "no"
	if s.Synced {
		synced = "yes"
	}
	line("in sync", "%s, last match %s", synced, shownAgo(s.LastMatch, now))
	states := map[string]int{}
	var queued int64
	var pushed, dropped, sent uint64
	for i := range s.Peers {
		peer := &s.Peers[i]
		states[peer.State]++
		queued += peer.QueueBytes
		pushed, dropped, sent = pushed+peer.Pushed, dropped+peer.Dropped, sent+peer.Sent
	}
	c := &s.Counters
	line("members", "%d alive, %d suspect, %d gone, %d left", states["alive"], states["suspect"], states["gone"], states["left"])
	line("waiting", "%s to be sent, %s to be merged", shownBytes(queued), shownBytes(s.InboxBytes))
	line("sent", "%s changes pushed, %s dropped; %s entries by rounds", commas(pushed), commas(dropped), commas(sent))
	line("received", "%s entries: %s merged (%s of them by rounds), %s not newer, %s refused for their clock, %s invalid",
		commas(c.Received), commas(c.Merged), commas(c.Healed), commas(c.Stale), commas(c.Skewed), commas(c.Invalid))
	line("forgotten", "%s entries that the group had deleted while this node was away", commas(c.Forgotten))
	line("compared", "%s times the same, %s times different; %s rounds, %s of them given up", commas(c.Matches), commas(c.Differs), commas(c.Rounds), commas(c.Aborted))
	line("refused", "%s frames with another key or garbled, %s messages without sense, %s connections over the limit, %s messages over the memory for them",
		commas(c.BadFrames), commas(c.BadMessages), commas(c.Refused), commas(c.Overflow))
}
