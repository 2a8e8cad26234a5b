package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"
)

// showGroups prints both groups, or only one.
func (p *program) showGroups(ctx context.Context, c *client, only groupType, out output) error {
	state, raw, err := c.group(ctx)
	if err != nil {
		return err
	}
	if out.json() {
		return p.printGroupJSON(raw, only)
	}
	return state.print(p.stdout, only, time.Now())
}

// printGroupJSON prints what the node says, of one group or of both.
func (p *program) printGroupJSON(raw []byte, only groupType) error {
	if only == "" {
		_, err := p.stdout.Write(raw)
		return err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return err
	}
	switch only {
	case "owlcache":
		delete(fields, "gossip")
	case "gossip":
		fields = map[string]json.RawMessage{"gossip": fields["gossip"]}
	}
	return json.NewEncoder(p.stdout).Encode(fields)
}

// print writes a table for each group.
func (s *groupState) print(w io.Writer, only groupType, now time.Time) error {
	b := bufio.NewWriter(w) // it keeps its errors until Flush
	if only != "gossip" {
		_, _ = fmt.Fprintf(b, "owlcache group: %s, asked by %s\n", counted(int64(len(s.Owlcache)), "member"), shownText(s.Mode))
		s.printOwlcache(b, now)
	}
	if only == "" {
		_, _ = fmt.Fprintln(b)
	}
	if only != "owlcache" {
		_, _ = fmt.Fprintf(b, "gossip group: %s\n", counted(int64(len(s.Gossip)), "member"))
		s.printGossip(b)
	}
	return b.Flush()
}

func (s *groupState) printOwlcache(b *bufio.Writer, now time.Time) {
	if len(s.Owlcache) == 0 {
		return
	}
	t := newTable(b, column{title: "ADDRESS"}, column{title: "STATE"}, column{title: "LAST CONTACT"},
		column{title: "REQUESTS", right: true}, column{title: "ERRORS", right: true}, column{title: "HITS", right: true},
		column{title: "LATENCY", right: true}, column{title: "ERROR"})
	t.indent = "  "
	for i := range s.Owlcache {
		t.row(s.Owlcache[i].cells(now)...)
	}
	t.end()
}

// cells returns what the table shows of a member. Of the node itself nothing is known:
// it is not asked.
func (m *memberState) cells(now time.Time) []string {
	if m.Self {
		return []string{shownText(m.Address), "this node", "-", "-", "-", "-", "-", "-"}
	}
	contact, latency := "never", "-"
	if m.LastContact != nil {
		contact = shownSpan(max(0, now.Sub(*m.LastContact))) + " ago"
	}
	if m.Latency.Count > 0 {
		mean := time.Duration(m.Latency.Seconds / float64(m.Latency.Count) * float64(time.Second))
		latency = mean.Round(10 * time.Microsecond).String()
	}
	return []string{
		shownText(m.Address), shownText(m.State), contact,
		strconv.FormatUint(m.Requests, 10), strconv.FormatUint(m.Errors, 10), strconv.FormatUint(m.CacheHits, 10), latency, orDash(shownText(m.LastError)),
	}
}

func (s *groupState) printGossip(b *bufio.Writer) {
	if len(s.Gossip) == 0 {
		return
	}
	t := newTable(b, column{title: "ADDRESS"})
	t.indent = "  "
	for _, a := range s.Gossip {
		t.row(shownText(a))
	}
	t.end()
}
