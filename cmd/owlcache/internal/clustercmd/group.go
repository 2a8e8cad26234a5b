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

// groupType is the value of the flag --type: a group.
type groupType string

func (t *groupType) register(cmd *cobra.Command, usage string) {
	cmd.Flags().Var(t, "type", usage)
	// Fails only for a flag that does not exist.
	_ = cmd.RegisterFlagCompletionFunc("type", cobra.FixedCompletions([]string{"owlcache", "gossip"}, cobra.ShellCompDirectiveNoFileComp))
}

// String, Set and Type make groupType a pflag.Value.
func (t *groupType) String() string { return string(*t) }

func (t *groupType) Set(s string) error {
	if s != "owlcache" && s != "gossip" {
		return errors.New("want owlcache or gossip")
	}
	*t = groupType(s)
	return nil
}

func (t *groupType) Type() string { return "group" }

// GroupCommand returns the command group, with those below it.
func GroupCommand(p *term.Process) *cobra.Command {
	var only groupType
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
	only.register(cmd, "show only this `group`: owlcache or gossip")
	client.Command(p, cmd, func(ctx context.Context, c *client.Client, _ []string, out term.Output) error {
		return showGroups(ctx, p, c, only, out)
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
	group := groupType("owlcache")
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the addresses of the members of a group, one on a line",
	}
	group.register(cmd, "`group`: owlcache or gossip")
	return client.Command(p, cmd, func(ctx context.Context, c *client.Client, _ []string, out term.Output) error {
		a, err := changeList(ctx, c, "getall", group)
		if err != nil {
			return err
		}
		return printList(p, a, group, out)
	})
}

// printList prints the addresses in an answer to getall.
func printList(p *term.Process, a groupAnswer, group groupType, out term.Output) error {
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
			Type    groupType `json:"type"`
			Members []string  `json:"members"`
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
	group := groupType("owlcache")
	command := &cobra.Command{
		Use:     name + " ADDRESS",
		Aliases: aliases,
		Short:   short,
		Long: short + ", on this node alone: the lists of the others are theirs. ADDRESS is HOST:PORT, with an IPv6\n" +
			"address in brackets. The change is on the disk before the command ends.",
		Args: cobra.ExactArgs(1),
	}
	group.register(command, "`group`: owlcache or gossip")
	return client.Command(p, command, func(ctx context.Context, c *client.Client, args []string, out term.Output) error {
		address, err := cluster.ParseAddress(args[0])
		if err != nil {
			return term.Usage(err)
		}
		a, err := changeList(ctx, c, cmd, group, client.Param{Name: "address", Value: address})
		if err != nil || !out.JSON() {
			return err
		}
		return p.PrintJSON(struct {
			Cmd     string    `json:"cmd"`
			Type    groupType `json:"type"`
			Address string    `json:"address"`
			Results string    `json:"results"`
		}{name, group, address, a.Results})
	})
}
