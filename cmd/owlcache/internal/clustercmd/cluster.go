package clustercmd

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"time"

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
		clusterStateCommand(p, "status", "Show how data sync is on a node", statusHelp, showClusterStatus),
		clusterDiffCommand(p),
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
