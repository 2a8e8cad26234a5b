package inspect

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"owlcache/cmd/owlcache/internal/localdir"
	"owlcache/cmd/owlcache/internal/term"
	"owlcache/engine/datadir"
)

// groupPeer is a member of a group, or a peer that was seen. What is not known is empty.
type groupPeer struct {
	Address string `json:"address"`
	Node    string `json:"node,omitempty"`
	Seen    string `json:"seen,omitempty"`
}

// groupList is what one file says of a group.
type groupList struct {
	title   string      // what it lists
	label   string      // the same in few letters
	File    string      `json:"file"`
	Present bool        `json:"present"`
	Members []groupPeer `json:"members"`
	Problem string      `json:"problem,omitempty"` // why the file cannot be read
}

// groupLists are those of both groups and the peers last seen.
type groupLists struct {
	Owlcache groupList `json:"owlcache_group"`
	Gossip   groupList `json:"gossip_group"`
	Peers    groupList `json:"peers"`
}

func (g *groupLists) all() []*groupList { return []*groupList{&g.Owlcache, &g.Gossip, &g.Peers} }

// readGroups reads the files of the groups in dir. One that is not valid has a Problem.
func readGroups(dir string) groupLists {
	return groupLists{
		Owlcache: readGroup(dir, datadir.GroupFile, "owlcache group", "group", parseMembers),
		Gossip:   readGroup(dir, datadir.GossipFile, "gossip group", "gossip", parseMembers),
		Peers:    readGroup(dir, datadir.PeersFile, "peers last seen", "peers", parsePeers),
	}
}

func readGroup(dir, name, title, label string, parse func([]byte) ([]groupPeer, error)) groupList {
	g := groupList{title: title, label: label, File: name, Members: []groupPeer{}}
	content, err := datadir.ReadSmallFile(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return g
	}
	g.Present = true
	if err == nil {
		var members []groupPeer
		if members, err = parse(content); err == nil {
			g.Members = append(g.Members, members...)
			return g
		}
	}
	g.Problem = err.Error()
	return g
}

// parseMembers reads the file of a group: an array of objects with an Address; null is
// an empty one. The password that such an object may have is not looked at.
func parseMembers(content []byte) (list []groupPeer, err error) {
	if err := unmarshalFile(content, &list); err != nil {
		return nil, err
	}
	return withAddress(list, "member %d has no Address")
}

// parsePeers reads peers.json.
func parsePeers(content []byte) ([]groupPeer, error) {
	var file struct{ Peers []groupPeer }
	if err := unmarshalFile(content, &file); err != nil {
		return nil, err
	}
	return withAddress(file.Peers, "peer %d has no address")
}

func withAddress(list []groupPeer, missing string) ([]groupPeer, error) {
	if i := slices.IndexFunc(list, func(p groupPeer) bool { return p.Address == "" }); i >= 0 {
		return nil, fmt.Errorf(missing, i+1)
	}
	return list, nil
}

// unmarshalFile is json.Unmarshal with the place in its errors.
func unmarshalFile(content []byte, v any) error {
	err := json.Unmarshal(content, v)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	offset := int64(0)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &kind):
		offset = kind.Offset
		err = fmt.Errorf("a list of members is wanted, not this %s", kind.Value)
	}
	before := content[:min(max(0, offset-1), int64(len(content)))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := len(before) - bytes.LastIndexByte(before, '\n')
	return fmt.Errorf("line %d, column %d: %w", line, column, err)
}

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
	columns := []string{"ADDRESS"}
	detailed := slices.ContainsFunc(g.Members, func(m groupPeer) bool { return m.Node != "" || m.Seen != "" })
	if detailed {
		columns = append(columns, "NODE", "SEEN")
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
