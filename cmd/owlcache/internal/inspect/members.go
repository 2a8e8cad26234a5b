package inspect

import (
	"context"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/localdir"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine/datadir"
)

func (c *command) members() *cobra.Command {
	return &cobra.Command{
		Use:   "members [DIR]",
		Short: "List the groups in a data directory",
		Long: `Members lists the members of the owlcache group and of the gossip group, and the peers of the latter
that were last seen alive, as the files in the data directory name them. Passwords are not shown.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.run(cmd.Context(), args, func(ctx context.Context, in *inspector) error { return in.members(ctx) })
		},
	}
}

// members shows the groups. A file that is damaged is named, the others are shown.
func (in *inspector) members(context.Context) error {
	if _, _, err := datadir.Look(in.dir); err != nil {
		return err
	}
	groups := readGroups(in.dir)
	in.damagedGroups(&groups)
	if in.json {
		return in.printJSON(groups)
	}
	for i, g := range groups.all() {
		if i > 0 {
			in.line("")
		}
		in.printGroup(g)
	}
	return nil
}

// damagedGroups notes the files that cannot be read.
func (in *inspector) damagedGroups(groups *groupLists) {
	for _, g := range groups.all() {
		if g.Problem != "" {
			in.damage.Put(localdir.Place{File: g.File, Offset: -1, Problem: g.Problem})
		}
	}
}

func (in *inspector) printGroup(g *groupList) {
	switch {
	case g.Problem != "":
		in.line("%s: %s is damaged: %s", g.title, g.File, term.Text(g.Problem))
		return
	case !g.Present:
		in.line("%s: none (there is no %s)", g.title, g.File)
		return
	case len(g.Members) == 0:
		in.line("%s: none (%s is empty)", g.title, g.File)
		return
	}
	in.line("%s: %s (%s)", g.title, term.Count(int64(len(g.Members)), "member"), g.File)
	columns := []term.Column{{Title: "ADDRESS"}}
	detailed := false
	for _, m := range g.Members {
		detailed = detailed || m.Node != "" || m.Seen != ""
	}
	if detailed {
		columns = append(columns, term.Column{Title: "NODE"}, term.Column{Title: "SEEN"})
	}
	t := term.NewTable(in.out, columns...)
	t.Indent = "  "
	for _, m := range g.Members {
		cells := []string{term.OrDash(term.Text(m.Address))}
		if detailed {
			cells = append(cells, term.OrDash(term.Text(m.Node)), term.OrDash(term.Text(m.Seen)))
		}
		t.Row(cells...)
	}
	t.End()
}
