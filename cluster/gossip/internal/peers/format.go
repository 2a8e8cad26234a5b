package peers

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"owlcache/cluster/gossip/internal/wire"
)

// document is peers.json, tab-indented:
//
//	{
//		"node": "0123456789abcdef",                of this node
//		"peers": [
//			{
//				"address": "10.0.0.5:7946",
//				"node": "8c0b6e1f2a3d4c5b",        node id
//				"seen": "2026-11-22T10:50:17Z"     alive, for the last time
//			}
//		],
//		"versions": {                              what this node has seen of writes
//			"lsn": "812",
//			"seen": {
//				"8c0b6e1f2a3d4c5b": ["117519382413312000-117519382499000000"]
//			}
//		},
//		"forgotten": [                             removed by an operator: not looked for
//			{"address": …, "node": …, "time": …}
//		],
//		"removed": {                               this node itself was removed
//			"time": …, "by": node id, "seeds": list
//		}
//	}
//
// In the directory of another node, which was copied, only the addresses are of use: what
// this file says of versions and of removals holds for the node that has written it.
//
// Versions are text, since JSON readers round large numbers. Fields that are not known are
// not looked at, and are gone with the next writing.
type document struct {
	Node      string         `json:"node"`
	Peers     []Peer         `json:"peers"`
	Versions  *versionsEntry `json:"versions,omitempty"`
	Forgotten []forgotten    `json:"forgotten,omitempty"`
	Removed   *Removal       `json:"removed,omitempty"`

	versions versions // Versions
}

// versions is what was seen of the writes of others. The log has all of it up to lsn.
type versions struct {
	seen []wire.NodeSpan
	lsn  uint64
}

type versionsEntry struct {
	LSN  string              `json:"lsn"`
	Seen map[string][]string `json:"seen"` // behind-up to, by node
}

// Peer is a member in the file.
type Peer struct {
	Address string    `json:"address"`
	Node    string    `json:"node"`
	Seen    time.Time `json:"seen"`

	ID    uint64 `json:"-"` // Node
	alive bool
}

func parse(content []byte) (d document, err error) {
	if err := json.Unmarshal(content, &d); err != nil {
		return document{}, err
	}
	if d.Peers == nil {
		return document{}, errors.New("there is no list of peers")
	}
	seen := make(map[uint64]bool)
	for i := range d.Peers {
		p := &d.Peers[i]
		if err := p.parse(); err != nil {
			return document{}, fmt.Errorf("peer %d: %w", i+1, err)
		}
		if seen[p.ID] {
			return document{}, fmt.Errorf("peer %d: node %s is there twice", i+1, p.Node)
		}
		seen[p.ID] = true
	}
	if d.versions, err = d.Versions.parse(); err != nil {
		return document{}, err
	}
	for i, f := range d.Forgotten {
		if _, err := netip.ParseAddrPort(f.Address); err != nil {
			return document{}, fmt.Errorf("forgotten node %d: address: %w", i+1, err)
		}
	}
	return d, nil
}

func (p *Peer) parse() (err error) {
	if _, err := netip.ParseAddrPort(p.Address); err != nil {
		return fmt.Errorf("address: %w", err)
	}
	if p.ID, err = wire.ParseName(p.Node); err != nil {
		return fmt.Errorf("node %q: want 16 hexadecimal digits", p.Node)
	}
	return nil
}

func (e *versionsEntry) parse() (v versions, err error) {
	if e == nil {
		return versions{}, nil
	}
	if v.lsn, err = strconv.ParseUint(e.LSN, 10, 64); err != nil {
		return versions{}, fmt.Errorf("versions: lsn: %w", err)
	}
	for name, texts := range e.Seen {
		node, err := wire.ParseName(name)
		if err != nil {
			return versions{}, fmt.Errorf("versions: node %q: want 16 hexadecimal digits", name)
		}
		for _, text := range texts {
			s, err := parseSpan(text)
			if err != nil {
				return versions{}, fmt.Errorf("versions: node %s: %w", name, err)
			}
			v.seen = append(v.seen, wire.NodeSpan{Node: node, Span: s})
		}
	}
	slices.SortFunc(v.seen, wire.NodeSpan.Compare)
	return v, nil
}

func parseSpan(text string) (s wire.Span, err error) {
	after, last, ok := strings.Cut(text, "-")
	if !ok {
		return s, fmt.Errorf("%q: want two numbers with - between them", text)
	}
	if s.After, err = strconv.ParseUint(after, 10, 64); err != nil {
		return s, err
	}
	s.Last, err = strconv.ParseUint(last, 10, 64)
	return s, err
}

// entry returns nil if there is nothing to keep.
func (v versions) entry() *versionsEntry {
	if v.lsn == 0 && len(v.seen) == 0 {
		return nil
	}
	e := &versionsEntry{LSN: strconv.FormatUint(v.lsn, 10), Seen: make(map[string][]string)}
	for _, s := range v.seen {
		name := wire.Name(s.Node)
		e.Seen[name] = append(e.Seen[name], strconv.FormatUint(s.After, 10)+"-"+strconv.FormatUint(s.Last, 10))
	}
	return e
}

func format(d document) ([]byte, error) {
	slices.SortFunc(d.Peers, func(a, b Peer) int {
		return cmp.Or(cmp.Compare(a.Address, b.Address), cmp.Compare(a.ID, b.ID))
	})
	for i := range d.Peers {
		p := &d.Peers[i]
		p.Node, p.Seen = wire.Name(p.ID), p.Seen.UTC().Truncate(time.Second)
	}
	d.Versions = d.versions.entry()
	if d.Peers == nil {
		d.Peers = []Peer{}
	}
	b, err := json.MarshalIndent(d, "", "\t")
	return append(b, '\n'), err
}
