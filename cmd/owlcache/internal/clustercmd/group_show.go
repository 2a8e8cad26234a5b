package clustercmd

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"owlcache/api/status"
	"owlcache/cmd/owlcache/internal/client"
	"owlcache/cmd/owlcache/internal/term"
)

// showGroups prints both groups, or only one.
func showGroups(ctx context.Context, p *term.Process, c *client.Client, only string, out term.Output) error {
	state, raw, err := askGroups(ctx, c)
	if err != nil {
		return err
	}
	if out.JSON() {
		return printGroupJSON(p, raw, only)
	}
	return printGroups(p.Stdout, &state, only, time.Now())
}

// printGroupJSON prints what the node says, of one group or of both.
func printGroupJSON(p *term.Process, raw []byte, only string) error {
	if only == "" {
		_, err := p.Stdout.Write(raw)
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
	return p.PrintJSON(fields)
}

// printGroups writes a table for each group.
func printGroups(w io.Writer, s *status.Groups, only string, now time.Time) error {
	b := bufio.NewWriter(w) // it keeps its errors until Flush
	if only != "gossip" {
		_, _ = fmt.Fprintf(b, "owlcache group: %s, asked by %s\n", term.Count(int64(len(s.Owlcache)), "member"), term.Text(s.Mode))
		printOwlcache(b, s.Owlcache, now)
	}
	if only == "" {
		_, _ = fmt.Fprintln(b)
	}
	if only != "owlcache" {
		_, _ = fmt.Fprintf(b, "gossip group: %s\n", term.Count(int64(len(s.Gossip)), "member"))
		printGossip(b, s.Gossip)
	}
	return b.Flush()
}

func printOwlcache(b *bufio.Writer, members []status.Member, now time.Time) {
	if len(members) == 0 {
		return
	}
	t := term.NewTable(b, term.Column{Title: "ADDRESS"}, term.Column{Title: "STATE"}, term.Column{Title: "LAST CONTACT"},
		term.Column{Title: "REQUESTS", Right: true}, term.Column{Title: "ERRORS", Right: true}, term.Column{Title: "HITS", Right: true},
		term.Column{Title: "LATENCY", Right: true}, term.Column{Title: "ERROR"})
	t.Indent = "  "
	for i := range members {
		t.Row(memberCells(&members[i], now)...)
	}
	t.End()
}

// cells returns what the table shows of a member. Of the node itself nothing is known:
// it is not asked.
func memberCells(m *status.Member, now time.Time) []string {
	if m.Self {
		return []string{term.Text(m.Address), "this node", "-", "-", "-", "-", "-", "-"}
	}
	contact, latency := "never", "-"
	if m.LastContact != nil {
		contact = term.Span(max(0, now.Sub(*m.LastContact))) + " ago"
	}
	if m.Latency.Count > 0 {
		mean := time.Duration(m.Latency.Seconds / float64(m.Latency.Count) * float64(time.Second))
		latency = mean.Round(10 * time.Microsecond).String()
	}
	return []string{
		term.Text(m.Address), term.Text(m.State), contact,
		strconv.FormatUint(m.Requests, 10), strconv.FormatUint(m.Errors, 10), strconv.FormatUint(m.CacheHits, 10), latency, term.OrDash(term.Text(m.LastError)),
	}
}

func printGossip(b *bufio.Writer, members []string) {
	if len(members) == 0 {
		return
	}
	t := term.NewTable(b, term.Column{Title: "ADDRESS"})
	t.Indent = "  "
	for _, a := range members {
		t.Row(term.Text(a))
	}
	t.End()
}
