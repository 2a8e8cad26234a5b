package clustercmd

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"owlcache/api/status"
	"owlcache/cluster"
	"owlcache/cmd/owlcache/internal/client"
	"owlcache/cmd/owlcache/internal/term"
)

// GroupCommand returns the command group, with those below it.
func GroupCommand(p *term.Process) *cobra.Command {
	var only term.Choice
	cmd := &cobra.Command{
		Use:   "group",
		Short: "Show the members of the node's groups and how they are; list, add and remove them",
		Long: `Group asks a running node for the members of its groups, and for each member of the owlcache group
whether it answers and how fast.

STATE is up, down, or unknown while the member has not answered yet. REQUESTS counts the questions sent to it,
ERRORS those without an answer and those that could not be sent, HITS those that an answer kept from before has
saved, and LATENCY is the mean time of an answer, all since the node has started. ERROR says what was wrong with
the last question.`,
		Example: "  owlcache group\n  owlcache group add 10.0.0.5:7721\n  owlcache group list --type gossip\n  owlcache group -o json",
	}
	registerGroup(&only, cmd, "show only this `group`: owlcache or gossip")
	client.Command(p, cmd, func(ctx context.Context, c *client.Client, _ []string, out term.Output) error {
		return showGroups(ctx, p, c, only.Value, out)
	})
	cmd.AddCommand(groupListCommand(p), groupChangeCommand(p, "add", "Add a member to a group", "add", nil),
		groupChangeCommand(p, "remove", "Remove a member from a group", "delete", []string{"delete"}))
	plainFlagErrors(cmd)
	return cmd
}

// plainFlagErrors takes the hint about what starts with - out of the errors of flags: no address does.
func plainFlagErrors(cmd *cobra.Command) {
	for _, c := range append(cmd.Commands(), cmd) {
		c.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
			return term.Usage(fmt.Errorf("%w; see %s --help", err, cmd.CommandPath()))
		})
	}
}

func groupListCommand(p *term.Process) *cobra.Command {
	group := term.Choice{Value: "owlcache"}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the addresses of the members of a group, one on a line",
	}
	registerGroup(&group, cmd, "`group`: owlcache or gossip")
	return client.Command(p, cmd, func(ctx context.Context, c *client.Client, _ []string, out term.Output) error {
		a, err := changeList(ctx, c, "getall", group.Value)
		if err != nil {
			return err
		}
		return printList(p, a, group.Value, out)
	})
}

// printList prints the addresses in an answer to getall.
func printList(p *term.Process, a groupAnswer, group string, out term.Output) error {
	var members []struct{ Address string }
	if err := json.Unmarshal(a.Data, &members); err != nil {
		return errors.New("the answer is not one of an owlcache node")
	}
	addresses := []string{}
	for _, m := range members {
		addresses = append(addresses, m.Address)
	}
	if out.JSON() {
		return p.PrintJSON(struct {
			Type    string   `json:"type"`
			Members []string `json:"members"`
		}{group, addresses})
	}
	for _, a := range addresses {
		if err := p.Println(term.Text(a)); err != nil {
			return err
		}
	}
	return nil
}

// groupChangeCommand returns the command name, which sends cmd with an address.
func groupChangeCommand(p *term.Process, name, short, cmd string, aliases []string) *cobra.Command {
	group := term.Choice{Value: "owlcache"}
	command := &cobra.Command{
		Use:     name + " ADDRESS",
		Aliases: aliases,
		Short:   short,
		Long: short + ", on this node alone: the lists of the others are theirs. ADDRESS is HOST:PORT, with an IPv6\n" +
			"address in brackets. The change is on the disk before the command ends.",
		Args: cobra.ExactArgs(1),
	}
	registerGroup(&group, command, "`group`: owlcache or gossip")
	return client.Command(p, command, func(ctx context.Context, c *client.Client, args []string, out term.Output) error {
		address, err := cluster.ParseAddress(args[0])
		if err != nil {
			return term.Usage(err)
		}
		a, err := changeList(ctx, c, cmd, group.Value, client.Param{Name: "address", Value: address})
		if err != nil || !out.JSON() {
			return err
		}
		return p.PrintJSON(struct {
			Cmd     string `json:"cmd"`
			Type    string `json:"type"`
			Address string `json:"address"`
			Results string `json:"results"`
		}{name, group.Value, address, a.Results})
	})
}

// registerGroup adds the flag --type.
func registerGroup(group *term.Choice, cmd *cobra.Command, usage string) {
	group.Register(cmd, cmd.Flags(), "type", "", usage, "group", "owlcache", "gossip")
}

// groupAnswer is what /server/ answers. Data is a member, an array of members or null.
type groupAnswer struct {
	Status  int
	Results string
	Data    json.RawMessage
}

// changeList logs in and sends a command about the list of members of a group.
func changeList(ctx context.Context, c *client.Client, cmd string, group string, params ...client.Param) (groupAnswer, error) {
	token, err := c.LogIn(ctx)
	if err != nil {
		return groupAnswer{}, err
	}
	params = append([]client.Param{{Name: "cmd", Value: cmd}, {Name: "token", Value: token}, {Name: "group_type", Value: group}}, params...)
	a, err := c.Post(ctx, c.Path("server/"), params)
	if err != nil {
		return groupAnswer{}, err
	}
	var g groupAnswer
	if err := json.Unmarshal(a.Body, &g); err != nil || g.Results == "" {
		return groupAnswer{}, c.Foreign(a)
	}
	a.Status = g.Status // of a node before 0.6 the HTTP status is always 200
	if a.Status == http.StatusNotFound {
		return g, term.Exit(term.CodeNotFound, errors.New("no such member"))
	}
	return g, a.Err()
}

// askGroups logs in and asks for the state of the groups. raw is the JSON as it came.
func askGroups(ctx context.Context, c *client.Client) (state status.Groups, raw []byte, err error) {
	resp, err := client.NewSession(c, "").Get(ctx, "admin/group", "")
	if err != nil {
		return status.Groups{}, nil, err
	}
	defer func() { _ = resp.Body.Close() }() // only read from
	a, err := c.Read(resp)
	if err != nil {
		return status.Groups{}, nil, err
	}
	if a.Status != http.StatusOK && a.Status != http.StatusNotFound {
		return status.Groups{}, nil, a.Err()
	}
	if err := json.Unmarshal(a.Body, &state); err != nil || state.Mode == "" {
		return status.Groups{}, nil, fmt.Errorf("%s does not say how its group is, as an owlcache before 0.6 does not; \"owlcache group list\" works with these", c.Host())
	}
	return state, a.Body, nil
}

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
	t := term.NewTable(b, "ADDRESS", "STATE", "LAST CONTACT", ">REQUESTS", ">ERRORS", ">HITS", ">LATENCY", "ERROR")
	t.Indent = "  "
	for i := range members {
		t.Row(memberCells(&members[i], now)...)
	}
	t.End()
}

// memberCells returns what the table shows of a member. Of the node itself nothing is known:
// it is not asked.
func memberCells(m *status.Member, now time.Time) []string {
	if m.Self {
		return []string{term.Text(m.Address), "this node", "-", "-", "-", "-", "-", "-"}
	}
	latency := "-"
	if m.Latency.Count > 0 {
		mean := time.Duration(m.Latency.Seconds / float64(m.Latency.Count) * float64(time.Second))
		latency = mean.Round(10 * time.Microsecond).String()
	}
	return []string{
		term.Text(m.Address), term.Text(m.State), term.Ago(m.LastContact, now),
		strconv.FormatUint(m.Requests, 10), strconv.FormatUint(m.Errors, 10), strconv.FormatUint(m.CacheHits, 10), latency, term.OrDash(term.Text(m.LastError)),
	}
}

func printGossip(b *bufio.Writer, members []string) {
	if len(members) == 0 {
		return
	}
	t := term.NewTable(b, "ADDRESS")
	t.Indent = "  "
	for _, a := range members {
		t.Row(term.Text(a))
	}
	t.End()
}
