package clustercmd

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"owlcache/api/status"
	"owlcache/cmd/owlcache/internal/client"
	"owlcache/cmd/owlcache/internal/term"
)

// ClusterCommand returns the command cluster, with those below it.
func ClusterCommand(p *term.Process) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cluster",
		Short: "Show the nodes that share their data with a node, how data sync is, and how two nodes differ",
		Long: `Cluster asks a running node about data sync (GroupDataSync 1): who its members are, how far each has got,
and what has been sent, merged and refused. "owlcache cluster diff" compares what two nodes hold.
Nodes are added and removed with "owlcache group add|remove ADDRESS --type gossip".`,
		Example: "  owlcache cluster members\n  owlcache cluster status -o json\n  owlcache cluster diff 10.0.0.5:7721 10.0.0.6:7721",
	}
	cmd.AddCommand(
		clusterStateCommand(p, "members", "Show the members of the sync group", membersHelp, showClusterMembers),
		clusterStateCommand(p, "status", "Show how data sync is on a node", "Status shows whether the node is in sync and what data sync has done since the start of the node.", showClusterStatus),
		clusterDiffCommand(p),
	)
	plainFlagErrors(cmd)
	return cmd
}

const membersHelp = `Members shows the node itself, the other nodes of the sync group and seeds that have never answered.

STATE is alive, suspect (does not answer, not yet given up), gone (looked for again and again) or left (has said
so). MATCH is when both last held the same. SKEW is how far the other clock is ahead. QUEUE is what waits to be
sent; DROPPED counts changes that could not be sent and are brought by comparing.`

// clusterStateCommand returns a command that shows the answer of /admin/cluster.
func clusterStateCommand(p *term.Process, name, short, long string, show func(p *term.Process, state *status.Sync, raw []byte, out term.Output) error) *cobra.Command {
	cmd := &cobra.Command{Use: name, Short: short, Long: long}
	return client.Command(p, cmd, func(ctx context.Context, c *client.Client, _ []string, out term.Output) error {
		s := client.NewSession(c, "")
		var state struct {
			DataSync *bool `json:"data_sync"`
			status.Sync
		}
		raw, err := s.GetJSON(ctx, "admin/cluster", &state)
		switch {
		case err != nil:
			return err
		case state.DataSync == nil:
			return errors.New(c.Host() + " does not answer as an owlcache node does")
		case !*state.DataSync && !out.JSON():
			return errors.New("data sync is off on this node; GroupDataSync 1 and GossipDataSyncAuthKey switch it on")
		}
		if err := show(p, &state.Sync, raw, out); err != nil {
			return err
		}
		if !*state.DataSync {
			return term.Exit(term.CodeFailed, nil)
		}
		return nil
	})
}

// showClusterMembers prints a table of the members.
func showClusterMembers(p *term.Process, state *status.Sync, raw []byte, out term.Output) error {
	if out.JSON() {
		var fields struct {
			DataSync json.RawMessage `json:"data_sync"`
			Node     json.RawMessage `json:"node,omitempty"`
			Address  json.RawMessage `json:"address,omitempty"`
			Peers    json.RawMessage `json:"peers,omitempty"`
		}
		if err := json.Unmarshal(raw, &fields); err != nil {
			return err
		}
		return p.PrintJSON(fields)
	}
	b := bufio.NewWriter(p.Stdout) // it keeps its errors until Flush
	printMembers(b, state, time.Now())
	return b.Flush()
}

// showClusterStatus prints what data sync has done.
func showClusterStatus(p *term.Process, state *status.Sync, raw []byte, out term.Output) error {
	if out.JSON() {
		_, err := p.Stdout.Write(raw)
		return err
	}
	b := bufio.NewWriter(p.Stdout)
	printStatus(b, state, time.Now())
	return b.Flush()
}

// printMembers writes a table with the node itself first.
func printMembers(b *bufio.Writer, s *status.Sync, now time.Time) {
	t := term.NewTable(b, "NODE", "ADDRESS", "STATE", "SINCE", "MATCH", ">SKEW", ">QUEUE", ">DROPPED", "NOTE")
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
	var notes []string
	if p.TCPOnly {
		notes = append(notes, "UDP does not get through")
	}
	if p.LastError != "" && p.State != "alive" {
		notes = append(notes, term.Text(p.LastError))
	}
	skew := "-"
	if p.LastMatch != nil || p.Skew != 0 {
		skew = time.Duration(p.Skew).String()
	}
	return []string{
		term.OrDash(term.Text(p.Node)), term.Text(p.Address), term.Text(p.State), term.Ago(p.Since, now), term.Ago(p.LastMatch, now),
		skew, term.Bytes(p.QueueBytes), commas(p.Dropped), term.OrDash(strings.Join(notes, "; ")),
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
