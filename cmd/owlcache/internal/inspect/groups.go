package inspect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

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
func parseMembers(content []byte) ([]groupPeer, error) {
	var list []struct{ Address *string }
	if err := unmarshalFile(content, &list); err != nil {
		return nil, err
	}
	var members []groupPeer
	for i, m := range list {
		if m.Address == nil || *m.Address == "" {
			return nil, fmt.Errorf("member %d has no Address", i+1)
		}
		members = append(members, groupPeer{Address: *m.Address})
	}
	return members, nil
}

// parsePeers reads peers.json: an array, or an object with an array in it, of peers,
// each an address or an object that has one.
func parsePeers(content []byte) ([]groupPeer, error) {
	var v any
	if err := unmarshalFile(content, &v); err != nil {
		return nil, err
	}
	if object, ok := v.(map[string]any); ok {
		v = field(object, "peers", "members")
	}
	list, ok := v.([]any)
	if !ok && v != nil {
		return nil, errors.New("it is no list of peers")
	}
	var peers []groupPeer
	for i, v := range list {
		var p groupPeer
		switch v := v.(type) {
		case string:
			p.Address = v
		case map[string]any:
			p.Address, _ = field(v, "address", "addr").(string)
			p.Node, _ = field(v, "nodeid", "node", "name", "id").(string)
			p.Seen, _ = field(v, "seen", "lastseen", "time").(string)
		}
		if p.Address == "" {
			return nil, fmt.Errorf("peer %d has no address", i+1)
		}
		peers = append(peers, p)
	}
	return peers, nil
}

// field returns the field of an object that has one of some names, which are in small
// letters and without underscores; the first name wins.
func field(object map[string]any, names ...string) any {
	best, value := len(names), any(nil)
	for k, v := range object {
		if i := slices.Index(names, strings.ReplaceAll(strings.ToLower(k), "_", "")); i >= 0 && i < best {
			best, value = i, v
		}
	}
	return value
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
