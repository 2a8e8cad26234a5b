package clustercmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

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

// plainFlagErrors takes the hint about what starts with - out of the errors of flags:
// no address does.
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
