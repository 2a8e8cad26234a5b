package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/term"
)

// clusterState is what /admin/cluster answers, as far as it is shown.
type clusterState struct {
	DataSync   *bool         `json:"data_sync"`
	Node       string        `json:"node"`
	Address    string        `json:"address"`
	Synced     bool          `json:"synced"`
	LastMatch  *time.Time    `json:"last_match"`
	Removed    bool          `json:"removed"`
	InboxBytes int64         `json:"inbox_bytes"`
	Peers      []clusterPeer `json:"peers"`
	Counters   struct {
		Received    uint64 `json:"received"`
		Merged      uint64 `json:"merged"`
		Healed      uint64 `json:"healed"`
		Stale       uint64 `json:"stale"`
		Skewed      uint64 `json:"skewed"`
		Invalid     uint64 `json:"invalid"`
		Overflow    uint64 `json:"overflow"`
		Forgotten   uint64 `json:"forgotten"`
		Rounds      uint64 `json:"rounds"`
		Aborted     uint64 `json:"aborted"`
		Matches     uint64 `json:"matches"`
		Differs     uint64 `json:"differs"`
		BadFrames   uint64 `json:"bad_frames"`
		BadMessages uint64 `json:"bad_messages"`
		Refused     uint64 `json:"refused"`
	} `json:"counters"`
}

type clusterPeer struct {
	Node       string     `json:"node"`
	Address    string     `json:"address"`
	State      string     `json:"state"`
	Since      *time.Time `json:"since"`
	LastMatch  *time.Time `json:"last_match"`
	SkewMillis int64      `json:"skew_ms"`
	TCPOnly    bool       `json:"tcp_only"`
	QueueBytes int64      `json:"queue_bytes"`
	Pushed     uint64     `json:"pushed"`
	Dropped    uint64     `json:"dropped"`
	Sent       uint64     `json:"sent"`
	LastError  string     `json:"last_error"`
}

func (p *program) clusterCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cluster",
		Short: "Show the nodes that share their data with a node, how data sync is, and how two nodes differ",
		Long: `Cluster asks a running node about data sync (GroupDataSync 1): who its members are, how far each has got,
and what has been sent, merged and refused. "owlcache cluster diff" compares what two nodes hold.
Nodes are added and removed with "owlcache group add|remove ADDRESS --type gossip".`,
		Example: "  owlcache cluster members\n  owlcache cluster status -o json\n  owlcache cluster diff 10.0.0.5:7721 10.0.0.6:7721",
	}
	cmd.AddCommand(
		p.clusterStateCommand("members", "Show the members of the sync group", membersHelp, p.showClusterMembers),
		p.clusterStateCommand("status", "Show how data sync is on a node", statusHelp, p.showClusterStatus),
		p.clusterDiffCommand(),
	)
	plainFlagErrors(cmd)
	return cmd
}

const membersHelp = `Members shows the node itself, the other nodes of the sync group and seeds that have never answered.

STATE is alive, suspect (does not answer, not yet given up), gone (looked for again and again) or left (has said
so). MATCH is when both last held the same. SKEW is how far the other clock is ahead. QUEUE is what waits to be
sent; DROPPED counts changes that could not be sent and are brought by comparing.`

const statusHelp = `Status shows whether the node is in sync and what data sync has done since the start of the node.`

// clusterStateCommand returns a command that shows the answer of /admin/cluster.
func (p *program) clusterStateCommand(name, short, long string, show func(state *clusterState, raw []byte, out term.Output) error) *cobra.Command {
	cmd := &cobra.Command{Use: name, Short: short, Long: long}
	return p.clientCommand(cmd, func(ctx context.Context, c *client, _ []string, out term.Output) error {
		s := &session{client: c}
		var state clusterState
		raw, err := s.getJSON(ctx, "admin/cluster", &state)
		switch {
		case err != nil:
			return err
		case state.DataSync == nil:
			return errors.New(c.base.Host + " does not answer as an owlcache node does")
		case !*state.DataSync && !out.JSON():
			return errors.New("data sync is off on this node; GroupDataSync 1 and GossipDataSyncAuthKey switch it on")
		}
		if err := show(&state, raw, out); err != nil {
			return err
		}
		if !*state.DataSync {
			return term.Exit(term.CodeFailed, nil)
		}
		return nil
	})
}

// showClusterMembers prints a table of the members.
func (p *program) showClusterMembers(state *clusterState, raw []byte, out term.Output) error {
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
	state.printMembers(b, time.Now())
	return b.Flush()
}

// showClusterStatus prints what data sync has done.
func (p *program) showClusterStatus(state *clusterState, raw []byte, out term.Output) error {
	if out.JSON() {
		_, err := p.Stdout.Write(raw)
		return err
	}
	b := bufio.NewWriter(p.Stdout)
	state.printStatus(b, time.Now())
	return b.Flush()
}
