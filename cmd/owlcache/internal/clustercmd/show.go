package clustercmd

import (
	"bufio"
	"fmt"
	"time"

	"github.com/dustin/go-humanize"

	"owlcache/api/status"
	"owlcache/cmd/owlcache/internal/term"
)

// printMembers writes a table with the node itself first.
func printMembers(b *bufio.Writer, s *status.Sync, now time.Time) {
	t := term.NewTable(b, term.Column{Title: "NODE"}, term.Column{Title: "ADDRESS"}, term.Column{Title: "STATE"}, term.Column{Title: "SINCE"}, term.Column{Title: "MATCH"},
		term.Column{Title: "SKEW", Right: true}, term.Column{Title: "QUEUE", Right: true}, term.Column{Title: "DROPPED", Right: true}, term.Column{Title: "NOTE"})
	note := "-"
	if s.Removed {
		note = "removed from the group by an operator"
	}
	t.Row(term.Text(s.Node), term.Text(s.Address), "this node", "-", term.Ago(s.LastMatch, now), "-", "-", "-", note)
	for i := range s.Peers {
		t.Row(peerCells(&s.Peers[i], now)...)
	}
	t.End()
}

func peerCells(p *status.Peer, now time.Time) []string {
	note := ""
	if p.TCPOnly {
		note = "UDP does not get through"
	}
	if p.LastError != "" && p.State != "alive" {
		if note != "" {
			note += "; "
		}
		note += term.Text(p.LastError)
	}
	skew := "-"
	if p.LastMatch != nil || p.Skew != 0 {
		skew = time.Duration(p.Skew).String()
	}
	return []string{
		term.OrDash(term.Text(p.Node)), term.Text(p.Address), term.Text(p.State), term.Ago(p.Since, now), term.Ago(p.LastMatch, now),
		skew, term.Bytes(p.QueueBytes), commas(p.Dropped), term.OrDash(note),
	}
}

func commas(n uint64) string { return humanize.Comma(int64(min(n, 1<<62))) }

// printStatus writes a line for each thing that can be wrong.
func printStatus(b *bufio.Writer, s *status.Sync, now time.Time) {
	line := func(name, format string, args ...any) {
		_, _ = fmt.Fprintf(b, "%-10s%s\n", name, fmt.Sprintf(format, args...))
	}
	line("node", "%s at %s", term.Text(s.Node), term.Text(s.Address))
	if s.Removed {
		line("removed", "from the group by an operator: it looks for nobody until it is added again")
	}
	synced := "no"
	if s.Synced {
		synced = "yes"
	}
	line("in sync", "%s, last match %s", synced, term.Ago(s.LastMatch, now))
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
	line("waiting", "%s to be sent, %s to be merged", term.Bytes(queued), term.Bytes(s.InboxBytes))
	line("sent", "%s changes pushed, %s dropped; %s entries by rounds", commas(pushed), commas(dropped), commas(sent))
	line("received", "%s entries: %s merged (%s of them by rounds), %s not newer, %s refused for their clock, %s invalid",
		commas(c.Received), commas(c.Merged), commas(c.Healed), commas(c.Stale), commas(c.Skewed), commas(c.Invalid))
	line("forgotten", "%s entries that the group had deleted while this node was away", commas(c.Forgotten))
	line("compared", "%s times the same, %s times different; %s rounds, %s of them given up", commas(c.Matches), commas(c.Differs), commas(c.Rounds), commas(c.Aborted))
	line("refused", "%s frames with another key or garbled, %s messages without sense, %s connections over the limit, %s messages over the memory for them",
		commas(c.BadFrames), commas(c.BadMessages), commas(c.Refused), commas(c.Overflow))
}
